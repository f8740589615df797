/** What a node shows to whoever watches it: a command line, a test, a dashboard. Hooks run inside the node's work: be quick. */
import type { LogLevel } from '../engine/index.ts';
import type { DownReason, LinkStats, OtaStatus, SlotState } from '../link/index.ts';
import type { Metadata } from '../package/index.ts';
import type { Reason } from '../update/index.ts';
import type { OutboxCounts } from './outbox.ts';
import type { SensorCounts } from './sensor.ts';
import type { Fault } from './supervisor.ts';

/** Times: `tUs` on the node's clock; `tMs` UTC, null while not known. */
export interface TelemetryRecord {
  metric: number;
  name: string;
  unit: string;
  /** value = integer x 10^exponent */
  exponent: number;
  t0Us: number;
  tMs: number | null;
  dtUs: number;
  values: number[];
  quality: number;
  seq: number;
}
export interface EventRecord {
  name: string;
  /** One CBOR item. */
  body: Uint8Array;
  seq: number;
  tUs: number;
  tMs: number | null;
}
export interface LogRecord {
  level: LogLevel;
  text: string;
  tUs: number;
  tMs: number | null;
}
export interface TapRecord {
  name: string;
  data: Uint8Array;
  tUs: number;
}

export type NodeState =
  | { kind: 'boot'; boot: number }
  | { kind: 'reset' }
  | { kind: 'module'; name: string; version: string; state: SlotState }
  | { kind: 'fault'; during: string; reason: Reason }
  | { kind: 'health'; health: number }
  | { kind: 'ota'; status: OtaStatus }
  | { kind: 'link'; up: boolean; why?: DownReason }
  | { kind: 'config'; values: Record<string, number> };

export interface NodeHooks {
  onTelemetry?(record: TelemetryRecord): void;
  onEvent?(record: EventRecord): void;
  onLog?(record: LogRecord): void;
  /** Buffers are copied only when this is set. */
  onTap?(record: TapRecord): void;
  onState?(state: NodeState): void;
}

export interface NodeStatus {
  boot: number;
  /** What runs; `slot` is null without slots. */
  module: (Metadata & { slot: number | null; state: SlotState }) | null;
  /** Last answer of `health`. */
  health: number | null;
  /** The last fault since the node's start. */
  fault: Fault | null;
  steps: number;
  /** Steps that ended too long after the time of the next. */
  misses: number;
  faults: number;
  /** Restarts of the module by the node, after faults and roll-backs. */
  resets: number;
  /** Most fuel that one step took. */
  maxFuel: bigint;
  droppedLogs: number;
  sensors: Record<string, SensorCounts>;
  /** Null without a link. */
  outbox: OutboxCounts | null;
  /** `queued`: messages sent or about to be, not acknowledged yet. */
  link: ({ up: boolean; queued: number } & LinkStats) | null;
  config: Record<string, number>;
}
