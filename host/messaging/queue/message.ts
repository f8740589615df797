/** A message for a broker, in the terms of MQTT 5 (OASIS standard). */
export type Qos = 0 | 1;

export interface MessageProperties {
  contentType?: string;
  /** Message Expiry Interval in seconds, 1 to 2^32-1; the broker forwards the remaining time. */
  expirySeconds?: number;
  responseTopic?: string;
  correlationData?: Uint8Array;
  userProperties?: Record<string, string | string[]>;
  /** Payload Format Indicator: true if the payload is UTF-8 text. */
  utf8?: boolean;
}

export interface Message {
  topic: string;
  payload: Uint8Array;
  qos: Qos;
  retain: boolean;
  properties: MessageProperties;
}
