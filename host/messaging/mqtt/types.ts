/** The packets of the MQTT 5 client, in the terms of the standard (OASIS MQTT 5.0). QoS 2 is not supported. */
import type { Message, Qos } from '../queue/index.ts';

export type { Message, MessageProperties, Qos } from '../queue/index.ts';

export interface Received extends Message {
  /** Set by the broker on a second delivery attempt; at QoS 1 a message may arrive twice. */
  dup: boolean;
}

export interface Will extends Message {
  /** Will Delay Interval in seconds: the broker waits this long (at most the session's expiry) for the client to reconnect. */
  delaySeconds?: number;
}

export interface Subscription {
  filter: string;
  qos: Qos;
  /** Don't send back what this client published. */
  noLocal?: boolean;
  /**
   * Retain Handling: 0 sends retained messages at each SUBSCRIBE, 1 only if the session doesn't have the subscription
   * yet, 2 never. Default 0.
   */
  retainHandling?: 0 | 1 | 2;
  /** Subscribe again at each reconnection to get the retained message again: aedes doesn't resend one that a drop lost. */
  refresh?: boolean;
}

/** The broker's limits from CONNACK; absent values are the standard's defaults. */
export interface ServerLimits {
  sessionPresent: boolean;
  receiveMaximum: number;
  /** Bytes of a whole packet; Infinity when the broker names none. */
  maximumPacketBytes: number;
  topicAliasMaximum: number;
  maximumQos: Qos;
  retainAvailable: boolean;
  serverKeepAliveSeconds: number | undefined;
  sessionExpirySeconds: number | undefined;
  assignedClientId: string | undefined;
}

/** What a broker may send to a client, parsed. */
export type Inbound =
  | { type: 'connack'; reason: number; text: string; limits: ServerLimits }
  | { type: 'publish'; id: number; alias: number | undefined; message: Received }
  | { type: 'puback'; id: number; reason: number; text: string }
  | { type: 'suback'; id: number; codes: number[]; text: string }
  | { type: 'unsuback'; id: number; codes: number[]; text: string }
  | { type: 'pingresp' }
  | { type: 'disconnect'; reason: number; text: string };

export interface ConnectPacket {
  clientId: string;
  cleanStart: boolean;
  keepAliveSeconds: number;
  sessionExpirySeconds: number;
  receiveMaximum: number;
  maximumPacketBytes: number;
  topicAliasMaximum: number;
  username?: string;
  password?: Uint8Array;
  will?: Will;
}

/** What the client sends. */
export type Outbound =
  | ({ type: 'connect' } & ConnectPacket)
  | { type: 'publish'; id: number; dup: boolean; alias: number | undefined; message: Message }
  | { type: 'puback'; id: number; reason: number }
  | { type: 'subscribe'; id: number; subscriptions: Subscription[] }
  | { type: 'unsubscribe'; id: number; filters: string[] }
  | { type: 'pingreq' }
  | { type: 'disconnect'; reason: number; sessionExpirySeconds?: number };
