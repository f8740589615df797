/** A node: simulated, or real on a Linux gateway. */
export { CallLimit } from './host-imports.ts';
export { Node, type NodeOptions } from './node.ts';
export {
  type EventRecord,
  joinHooks,
  type LogRecord,
  type NodeHooks,
  type NodeState,
  type NodeStatus,
  type TapRecord,
  type TelemetryRecord,
} from './observe.ts';
export { OUTBOX_LIMITS, type OutboxCounts, type OutboxLimits } from './outbox.ts';
export { runSteps, runToEnd } from './run.ts';
export { MIN_STEP_US, type ModuleImage } from './runtime.ts';
export { type LiveSource, Sensor, type SensorCounts, type SensorOptions, type SensorSource } from './sensor.ts';
export {
  type CsvOptions,
  constant,
  csvSource,
  generated,
  mix,
  noise,
  repeat,
  type Shape,
  samplesSource,
  sine,
  wavSource,
} from './sources.ts';
export {
  activePackage,
  DEFAULT_LAYOUT,
  type Identity,
  install,
  type NodeLayout,
  nextSequence,
  provision,
  readIdentity,
  runningPackage,
  volatileFlash,
  writeIdentity,
} from './storage.ts';
export { type Fault, NODE_LIMITS, type NodeLimits, type StepRecord } from './supervisor.ts';
export type { LinkSettings } from './uplink.ts';
export { checkModule } from './verify.ts';
