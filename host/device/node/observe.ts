/**
 * What an observer of a node sees: a command line, a test, a dashboard. Hooks are called during the node's work and
 * must be quick.
 */
import type { LogLevel } from '../engine/index.ts';
import type { DownReason, LinkStats, OtaStatus, SlotState } from '../link/index.ts';
import type { Metadata } from '../package/index.ts';
import type { Reason } from '../update/index.ts';
import type { OutboxCounts } from './outbox.ts';
import type { SensorCounts } from './sensor.ts';
import type { Fault, StepRecord } from './supervisor.ts';

/** Times: `tUs` is on the node's clock; `tMs` is UTC, null while unknown. */
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
  /** Buffers are copied only if this is set. */
  onTap?(record: TapRecord): void;
  onState?(state: NodeState): void;
  onStep?(record: StepRecord): void;
  /** Called with each fault of a module, after its state and its line of the log. */
  onFault?(fault: Fault): void;
}

/** Hooks that call those of `all`, in their order. */
export function joinHooks(...all: NodeHooks[]): NodeHooks {
  const joined: NodeHooks = {};
  const join = <K extends keyof NodeHooks>(name: K) => {
    const calls = all.map((hooks) => hooks[name]).filter((call) => call !== undefined) as ((record: never) => void)[];
    if (calls.length === 0) return;
    joined[name] = ((record: never) => {
      for (const call of calls) call(record);
    }) as NonNullable<NodeHooks[K]>;
  };
  for (const name of ['onTelemetry', 'onEvent', 'onLog', 'onTap', 'onState', 'onStep', 'onFault'] as const) join(name);
  return joined;
}

export interface NodeStatus {
  boot: number;
  /** The running module; `slot` is null without slots. */
  module: (Metadata & { slot: number | null; state: SlotState }) | null;
  /** Last value of `health`. */
  health: number | null;
  /** The last fault since the node's start. */
  fault: Fault | null;
  steps: number;
  /** Steps that ended too long after the time of the next one. */
  misses: number;
  faults: number;
  /** Restarts of the module by the node, after faults and rollbacks. */
  resets: number;
  /** Largest fuel of one step. */
  maxFuel: bigint;
  droppedLogs: number;
  sensors: Record<string, SensorCounts>;
  /** Sensors whose ring is full while the running module waits for more samples and reads none. */
  unread: readonly string[];
  /** Null without a link. */
  outbox: OutboxCounts | null;
  /** `queued`: messages given to the link and not acknowledged yet. */
  link: ({ up: boolean; queued: number } & LinkStats) | null;
  config: Record<string, number>;
}
