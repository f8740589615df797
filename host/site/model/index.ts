/** What the components of a site exchange: messages as they came, and the points and events that decoders make of them. */
import type { MessageProperties } from '../../messaging/queue/index.ts';

export { type AssetLevel, LEVELS, levelRank, readLevel } from './levels.ts';
export { formatTime } from './time.ts';

/** A message as it came. */
export interface RawMessage {
  /** Number in the log of this site: a safe integer that increases with each message and is never used twice. */
  readonly id: number;
  /** When the site received it, in UTC microseconds. */
  readonly receivedUs: number;
  /** The way in, such as `mqtt`, `http` or `file`. */
  readonly source: string;
  /** The MQTT topic, or what stands for it: the path of a request, the name of a file. */
  readonly topic: string;
  readonly properties: MessageProperties;
  readonly payload: Uint8Array;
}

/** What identifies a series: values with another unit or exponent are another series of the same device and name. */
export interface SeriesKey {
  /** Who measured: a node, a PLC, a file. Text as on the wire, 1 to 256 characters. */
  readonly device: string;
  /** What was measured. Text as on the wire, 1 to 256 characters. */
  readonly name: string;
  /** UCUM code; empty if it is unknown. */
  readonly unit: string;
  /** A value means integer x 10^exponent; -18 to 18. */
  readonly exponent: number;
}

/** Values of one series from one message. Value i is `values[i]` x 10^exponent in the series' unit, measured at `timesUs[i]`. */
export interface PointRun extends SeriesKey {
  /** 0 is good; 1 to 255 is for the sender to define. */
  readonly quality: number;
  /** UTC microseconds, safe integers, in the order of the message, which need not ascend. */
  readonly timesUs: readonly number[];
  /** As many as there are times: signed 64-bit integers. A `number` is a safe integer. */
  readonly values: readonly (number | bigint)[];
}

export interface DecodedEvent {
  readonly device: string;
  readonly name: string;
  /** UTC microseconds. */
  readonly timeUs: number;
  /** The same event has the same id whenever it is sent; unique for a device. */
  readonly id: string;
  /** A JSON value. */
  readonly body: unknown;
}

/** What a decoder makes of one message. */
export interface Decoded {
  readonly runs: readonly PointRun[];
  readonly events: readonly DecodedEvent[];
}
