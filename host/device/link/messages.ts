/**
 * The messages between a node and its shim, as types. Their CBOR form is in docs/spec/link.md; `encodeMessage` and
 * `parseMessage` are in `codec.ts`. Times are integers: microseconds on the node's monotonic clock if the name ends in
 * `Us`, UTC milliseconds if it ends in `Ms`.
 */
import type { LogLevel, SlotState, TransferState } from '../../base/abi/index.ts';
import type { Reason } from './reason.ts';

export type { Reason, SlotState };

export interface MetricInfo {
  name: string;
  /** UCUM unit. */
  unit: string;
  /** value = integer x 10^exponent */
  exponent: number;
}

/** Identity of the node and its module. Sent when a link comes up and after each swap. */
export interface Birth {
  type: 'birth';
  node: string;
  /** Number of starts of the node. */
  boot: number;
  firmware: { name: string; version: string };
  module: {
    name: string;
    version: string;
    sequence: number;
    sha256: Uint8Array;
    slot: number;
    state: SlotState;
  } | null;
  metrics: MetricInfo[];
  commands: string[];
}

/** Columnar: `values[i]` was measured at t0Ms + i x dtUs / 1000. `seq` counts the telemetry of a node without gaps. */
export interface Telemetry {
  type: 'telemetry';
  metric: number;
  t0Ms: number;
  dtUs: number;
  values: number[];
  exponent: number;
  quality: number;
  seq: number;
}

export interface Event {
  type: 'event';
  name: string;
  tMs: number;
  seq: number;
  /** One CBOR item, written by the module. */
  body: Uint8Array;
}

export interface Log {
  type: 'log';
  level: LogLevel;
  tMs: number;
  text: string;
}

/** Progress of an update, as the node reports it. */
export interface OtaStatus {
  type: 'ota';
  state: TransferState;
  sequence: number;
  sha256: Uint8Array;
  /** Bytes in the slot so far; a transfer resumes here. */
  received: number;
  total: number;
  /** Time between the last step of the old module and the first step of the new one. */
  swapUs?: number;
  /** Samples that the ring buffers of the sensors dropped during the swap. */
  lost?: number;
  /** Error code and sentence, for 'rolledback' and 'refused'. */
  reason?: Reason;
}

/**
 * Time synchronisation by Cristian's algorithm: the node asks, the shim answers, half of the round trip is subtracted.
 */
export interface TimeRequest {
  type: 'time?';
  sentUs: number;
}
export interface TimeReply {
  type: 'time';
  sentUs: number;
  utcMs: number;
}

export interface Command {
  type: 'command';
  id: number;
  name: string;
  body: Uint8Array;
}
export interface CommandResult {
  type: 'result';
  id: number;
  ok: boolean;
  /** What there is to say: why the command failed. Its code is empty if it has none. */
  reason?: Reason;
}
/** The whole configuration; it replaces the one that the node has. */
export interface Config {
  type: 'config';
  values: Record<string, number>;
}
/** Offers a package. The node answers with an `ota` status that contains the start offset, or refuses. */
export interface Offer {
  type: 'offer';
  sha256: Uint8Array;
  sequence: number;
  total: number;
}
export interface Chunk {
  type: 'chunk';
  /** First eight bytes of the package's SHA-256; they identify the transfer. */
  transfer: Uint8Array;
  offset: number;
  bytes: Uint8Array;
}

export type NodeMessage = Birth | Telemetry | Event | Log | OtaStatus | TimeRequest | CommandResult;
export type ShimMessage = TimeReply | Command | Config | Offer | Chunk;
export type Message = NodeMessage | ShimMessage;
