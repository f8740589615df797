/** MQTT 5 reason codes (section 2.4) as errors that state the cause and the remedy. */
import { type ErrorCode, MoteError } from '../../base/index.ts';

export const REASON = {
  success: 0x00,
  disconnectWithWill: 0x04,
  unspecified: 0x80,
  malformed: 0x81,
  protocolError: 0x82,
  takenOver: 0x8e,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
} as const;

/** code -> [error code, sentence]. `lasting`: another attempt at once would fail as well. */
const SENTENCES: Record<number, readonly [ErrorCode, string, 'lasting'?]> = {
  128: ['MQTT_REFUSED', 'The broker refused without a reason; check its log'],
  129: ['MQTT_MALFORMED', 'A packet could not be parsed'],
  130: ['MQTT_PROTOCOL', 'A packet broke the MQTT 5 protocol'],
  131: ['MQTT_REFUSED', 'The receiver does not accept this; check its log'],
  132: [
    'MQTT_VERSION',
    'The broker does not speak MQTT 5; use mosquitto 1.6 or newer or the embedded broker',
    'lasting',
  ],
  133: ['MQTT_CLIENT_ID', 'The broker does not accept this client id; choose another', 'lasting'],
  134: ['MQTT_LOGIN', 'User name or password is wrong; check both', 'lasting'],
  135: ['MQTT_NOT_AUTHORIZED', 'Not authorized; give this user the right in the access list of the broker', 'lasting'],
  136: ['MQTT_UNAVAILABLE', 'The broker is not available now; the client tries again'],
  137: ['MQTT_BUSY', 'The broker is busy; the client tries again'],
  138: ['MQTT_BANNED', 'The broker has banned this client; ask its operator', 'lasting'],
  139: ['MQTT_SHUTTING_DOWN', 'The broker is shutting down; the client tries again'],
  140: [
    'MQTT_AUTH_METHOD',
    'The broker does not know this authentication method; use user name and password',
    'lasting',
  ],
  141: [
    'MQTT_KEEP_ALIVE',
    'The broker received nothing for one and a half keep-alive times; the network or this process was blocked',
  ],
  142: ['MQTT_TAKEN_OVER', 'Another client connected with the same client id; give each its own', 'lasting'],
  143: ['MQTT_FILTER', 'The topic filter is not allowed; correct it'],
  144: ['MQTT_TOPIC', 'The topic name is not allowed; correct it'],
  145: ['MQTT_PACKET_ID', 'A packet id was used twice'],
  146: ['MQTT_PACKET_ID', 'A packet id is not known'],
  147: ['MQTT_RECEIVE_MAXIMUM', 'More messages were in flight than the receive maximum allows'],
  148: ['MQTT_TOPIC_ALIAS', 'A topic alias is out of range or was never set'],
  149: ['MQTT_TOO_LARGE', 'A packet is larger than the receiver allows; raise its limit or send less'],
  150: ['MQTT_RATE', 'Messages arrive faster than the receiver allows; send less often'],
  151: ['MQTT_QUOTA', 'A quota of the broker is used up; free it or raise it'],
  152: ['MQTT_ADMIN', 'The connection was closed by an operator of the broker'],
  153: ['MQTT_PAYLOAD', 'The payload is not in the format that it claims'],
  154: [
    'MQTT_RETAIN',
    'The broker stores no retained messages, which states and desired packages need; enable them',
    'lasting',
  ],
  155: ['MQTT_QOS', 'The broker does not support this quality of service; allow QoS 1', 'lasting'],
  156: ['MQTT_OTHER_SERVER', 'The broker asks to use another server for now; change the address', 'lasting'],
  157: ['MQTT_OTHER_SERVER', 'The broker has moved; change the address', 'lasting'],
  158: ['MQTT_SHARED', 'The broker has no shared subscriptions; subscribe without $share'],
  159: ['MQTT_RATE', 'Too many connections in a short time; the client tries again'],
  160: ['MQTT_CONNECT_TIME', 'The maximum connect time has passed; the client tries again'],
  161: ['MQTT_FILTER', 'The broker has no subscription identifiers'],
  162: ['MQTT_FILTER', 'The broker has no wildcard subscriptions; allow them'],
};

/** Returns the error for reason code `reason` (0x80 or more). `what` names the attempt; `text` is the broker's reason string. */
export function reasonError(reason: number, what: string, text = ''): MoteError {
  const hex = `0x${reason.toString(16).padStart(2, '0')}`;
  const [code, sentence] = SENTENCES[reason] ?? [
    'MQTT_REFUSED',
    'The broker answered with a reason that is not in the standard',
  ];
  // The broker's text is hostile. Make it one line of bounded length before a log or a terminal shows it.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are removed
  const quoted = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').slice(0, 200);
  return new MoteError(code, `${what}: ${sentence} (reason ${hex}${quoted ? `, "${quoted}"` : ''}).`);
}

/** Returns whether another attempt at once would fail as well. The client then waits its longest time. */
export function isLasting(reason: number): boolean {
  return SENTENCES[reason]?.[2] === 'lasting';
}

/**
 * What follows when a broker refuses one message: `wait`, its state may change at any time, so the message is sent again
 * until it is accepted; `retry`, the reason is unknown, so it is sent again some times; `never`, the message or the
 * broker's set-up must change first.
 */
export type Remedy = 'wait' | 'retry' | 'never';

const REMEDIES: Partial<Record<ErrorCode, Remedy>> = {
  MQTT_QUOTA: 'wait',
  MQTT_RATE: 'wait',
  MQTT_BUSY: 'wait',
  MQTT_UNAVAILABLE: 'wait',
  MQTT_SHUTTING_DOWN: 'wait',
  MQTT_OFFLINE: 'wait',
  MQTT_REFUSED: 'retry',
  MQTT_PACKET_ID: 'retry',
};

export function remedyFor(error: MoteError): Remedy {
  return REMEDIES[error.code] ?? 'never';
}
