/**
 * Encodes and decodes packets with `mqtt-packet`, one whole packet at a time. That library trusts its input in places: it reads past a
 * property list, and returns -1 for a missing number. So everything that it returns is checked here before it gets a type.
 */
import mqttPacket from 'mqtt-packet';
import { MoteError, repairText } from '../../base/index.ts';
import { isTopicName } from './topic.ts';
import type { Inbound, Message, MessageProperties, Outbound, Qos, ServerLimits, Subscription } from './types.ts';

const V5 = { protocolVersion: 5 } as const;
type Parsed = Record<string, unknown>;

function malformed(what: string, cause?: unknown): MoteError {
  return new MoteError('MQTT_MALFORMED', `The broker sent a malformed packet: ${what}.`, { cause });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Names and values that another version of moteware queued may have characters for which a broker closes the connection. */
function userPropertiesOut(properties: NonNullable<MessageProperties['userProperties']>) {
  const entries = Object.entries(properties).map(([name, value]) => [
    repairText(name),
    Array.isArray(value) ? value.map(repairText) : repairText(value),
  ]);
  return Object.fromEntries(entries) as typeof properties;
}

function propertiesOut(properties: MessageProperties) {
  return {
    ...(properties.utf8 && { payloadFormatIndicator: true }),
    ...(properties.expirySeconds !== undefined && { messageExpiryInterval: properties.expirySeconds }),
    ...(properties.contentType !== undefined && { contentType: repairText(properties.contentType) }),
    ...(properties.responseTopic !== undefined && { responseTopic: repairText(properties.responseTopic) }),
    ...(properties.correlationData !== undefined && { correlationData: asBuffer(properties.correlationData) }),
    ...(properties.userProperties !== undefined && { userProperties: userPropertiesOut(properties.userProperties) }),
  };
}

function subscriptionOut(subscription: Subscription) {
  const { filter, qos, noLocal, retainHandling } = subscription;
  return { topic: filter, qos, nl: noLocal ?? false, rap: true, rh: retainHandling ?? 0 };
}

function packetOut(packet: Outbound): mqttPacket.Packet {
  switch (packet.type) {
    case 'connect': {
      const { will } = packet;
      return {
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 5,
        clientId: packet.clientId,
        clean: packet.cleanStart,
        keepalive: packet.keepAliveSeconds,
        ...(packet.username !== undefined && { username: packet.username }),
        ...(packet.password !== undefined && { password: asBuffer(packet.password) }),
        properties: {
          sessionExpiryInterval: packet.sessionExpirySeconds,
          receiveMaximum: packet.receiveMaximum,
          maximumPacketSize: packet.maximumPacketBytes,
          topicAliasMaximum: packet.topicAliasMaximum,
        },
        ...(will && {
          will: {
            topic: will.topic,
            payload: asBuffer(will.payload),
            qos: will.qos,
            retain: will.retain,
            properties: {
              ...propertiesOut(will.properties),
              ...(will.delaySeconds !== undefined && { willDelayInterval: will.delaySeconds }),
            },
          },
        }),
      };
    }
    case 'publish': {
      const { message } = packet;
      const properties = propertiesOut(message.properties);
      return {
        cmd: 'publish',
        topic: message.topic,
        payload: asBuffer(message.payload),
        qos: message.qos,
        dup: packet.dup,
        retain: message.retain,
        ...(message.qos > 0 && { messageId: packet.id }),
        properties: packet.alias === undefined ? properties : { ...properties, topicAlias: packet.alias },
      };
    }
    case 'puback':
      return { cmd: 'puback', messageId: packet.id, reasonCode: packet.reason };
    case 'subscribe':
      return { cmd: 'subscribe', messageId: packet.id, subscriptions: packet.subscriptions.map(subscriptionOut) };
    case 'unsubscribe':
      return { cmd: 'unsubscribe', messageId: packet.id, unsubscriptions: packet.filters };
    case 'pingreq':
      return { cmd: 'pingreq' };
    case 'disconnect':
      return {
        cmd: 'disconnect',
        reasonCode: packet.reason,
        properties:
          packet.sessionExpirySeconds === undefined ? {} : { sessionExpiryInterval: packet.sessionExpirySeconds },
      };
  }
}

/** Returns the bytes of `packet`. Throws `MQTT_ENCODE` if the protocol can't represent it (a string above 65535 bytes). */
export function encodePacket(packet: Outbound): Uint8Array {
  try {
    return mqttPacket.generate(packetOut(packet), V5);
  } catch (cause) {
    throw new MoteError('MQTT_ENCODE', `A ${packet.type} packet can't be encoded; check its properties.`, { cause });
  }
}

function optional<T>(value: unknown, what: string, is: (value: unknown) => value is T): T | undefined {
  if (value === undefined) return undefined;
  if (!is(value)) throw malformed(what);
  return value;
}
const isString = (v: unknown): v is string => typeof v === 'string';
const isBoolean = (v: unknown): v is boolean => typeof v === 'boolean';
const isBytes = (v: unknown): v is Uint8Array => v instanceof Uint8Array;
const isCount = (v: unknown): v is number => typeof v === 'number' && Number.isInteger(v) && v >= 0;
const isPositive = (v: unknown): v is number => isCount(v) && v > 0;
const isQos = (v: unknown): v is Qos => v === 0 || v === 1;

function userPropertiesIn(value: unknown): Record<string, string | string[]> | undefined {
  if (value === undefined) return undefined;
  const result: Record<string, string | string[]> = Object.create(null);
  for (const [name, item] of Object.entries(value as Parsed)) {
    if (!(isString(item) || (Array.isArray(item) && item.every(isString)))) throw malformed('user property');
    result[name] = item;
  }
  return result;
}

function limitsIn(packet: Parsed, p: Parsed): ServerLimits {
  return {
    sessionPresent: packet.sessionPresent === true,
    receiveMaximum: optional(p.receiveMaximum, 'receive maximum', isPositive) ?? 65535,
    maximumPacketBytes: optional(p.maximumPacketSize, 'maximum packet size', isPositive) ?? Number.POSITIVE_INFINITY,
    topicAliasMaximum: optional(p.topicAliasMaximum, 'topic alias maximum', isCount) ?? 0,
    maximumQos: optional(p.maximumQoS, 'maximum QoS', isQos) ?? 1,
    retainAvailable: optional(p.retainAvailable, 'retain available', isBoolean) ?? true,
    serverKeepAliveSeconds: optional(p.serverKeepAlive, 'server keep alive', isCount),
    sessionExpirySeconds: optional(p.sessionExpiryInterval, 'session expiry', isCount),
    assignedClientId: optional(p.assignedClientIdentifier, 'assigned client id', isString),
  };
}

/** Where the payload of a PUBLISH starts: fixed header, topic, packet id, properties. */
function payloadOffset(frame: Uint8Array, qos: number): number {
  let at = 1;
  while ((frame[at++] ?? 0) >= 0x80);
  at += 2 + (((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0)) + (qos > 0 ? 2 : 0);
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = frame[at++] ?? 0;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return at + length;
  }
}

function publishIn(packet: Parsed, p: Parsed, frame: Uint8Array): Inbound {
  const { topic, payload } = packet;
  if (!isString(topic) || (topic !== '' && !isTopicName(topic))) throw malformed('topic name');
  if (!isBytes(payload)) throw malformed('payload');
  if (!isQos(packet.qos)) throw malformed('QoS 2, which the client never requests');
  if (payloadOffset(frame, packet.qos) !== frame.length - payload.length) throw malformed('property length');
  const id = packet.qos > 0 ? packet.messageId : 0;
  if (!isCount(id) || (packet.qos > 0 && id === 0)) throw malformed('packet id');
  const contentType = optional(p.contentType, 'content type', isString);
  const expirySeconds = optional(p.messageExpiryInterval, 'message expiry', isCount);
  const responseTopic = optional(p.responseTopic, 'response topic', isString);
  if (responseTopic !== undefined && !isTopicName(responseTopic)) throw malformed('response topic');
  const correlationData = optional(p.correlationData, 'correlation data', isBytes);
  const userProperties = userPropertiesIn(p.userProperties);
  const utf8 = optional(p.payloadFormatIndicator, 'payload format', isBoolean);
  const message: Message = {
    topic,
    payload,
    qos: packet.qos,
    retain: packet.retain === true,
    properties: {
      ...(contentType !== undefined && { contentType }),
      ...(expirySeconds !== undefined && { expirySeconds }),
      ...(responseTopic !== undefined && { responseTopic }),
      ...(correlationData !== undefined && { correlationData }),
      ...(userProperties !== undefined && { userProperties }),
      ...(utf8 !== undefined && { utf8 }),
    },
  };
  const alias = optional(p.topicAlias, 'topic alias', isCount);
  return { type: 'publish', id, alias, message: { ...message, dup: packet.dup === true } };
}

function codesIn(value: unknown): number[] {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isCount)) throw malformed('reason codes');
  return value;
}

/**
 * Parses one whole packet from a broker. Throws `MQTT_MALFORMED` for bytes that are no MQTT 5 packet, and `MQTT_PROTOCOL` for a packet that
 * a broker may not send.
 */
export function decodePacket(frame: Uint8Array): Inbound {
  const parser = mqttPacket.parser(V5);
  let packet: Parsed | undefined;
  let fault: unknown;
  parser.on('packet', (parsed) => {
    packet = parsed as unknown as Parsed;
  });
  parser.on('error', (error) => {
    fault ??= error;
  });
  try {
    parser.parse(asBuffer(frame));
  } catch (cause) {
    throw malformed('it ends too early', cause);
  }
  if (fault !== undefined) throw malformed(fault instanceof Error ? fault.message : 'unknown', fault);
  if (packet === undefined) throw malformed('it ends too early');
  return inbound(packet, frame);
}

function inbound(packet: Parsed, frame: Uint8Array): Inbound {
  const properties = (packet.properties ?? {}) as Parsed;
  const text = optional(properties.reasonString, 'reason string', isString) ?? '';
  const reason = packet.reasonCode ?? 0;
  if (!isCount(reason)) throw malformed('reason code');
  const id = packet.messageId;
  switch (packet.cmd) {
    case 'connack':
      return { type: 'connack', reason, text, limits: limitsIn(packet, properties) };
    case 'publish':
      return publishIn(packet, properties, frame);
    case 'puback':
      if (!isPositive(id)) throw malformed('packet id');
      return { type: 'puback', id, reason, text };
    case 'suback':
    case 'unsuback':
      if (!isPositive(id)) throw malformed('packet id');
      return { type: packet.cmd, id, codes: codesIn(packet.granted), text };
    case 'pingresp':
      if (frame.length !== 2) throw malformed('PINGRESP with a body');
      return { type: 'pingresp' };
    case 'disconnect':
      return { type: 'disconnect', reason, text };
    default:
      throw new MoteError(
        'MQTT_PROTOCOL',
        `The broker sent a ${String(packet.cmd)} packet, which a broker must not send.`,
      );
  }
}
