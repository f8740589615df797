/** A package's metadata payload: what a host must know of a module before it runs it. CBOR map in the package, see docs/SPEC.md. */
import type { MetricInfo } from '../link/index.ts';

export interface Metadata {
  name: string;
  /** Semantic version of the app. */
  version: string;
  /** ABI it was built for, major x 65536 + minor. */
  abi: number;
  /** Linear memory in bytes; equals the module's `memory_bytes`. */
  memoryBytes: number;
  /** Sensors that it may open. */
  sensors: string[];
  metrics: MetricInfo[];
  /** Command names that it subscribes to. */
  commands: string[];
  /** Models inside it. */
  models: { name: string; sha256: Uint8Array }[];
  /** Fuel that one call may spend. */
  fuel: bigint;
  /** Trial: the module must be healthy within this time after a swap, on the node's clock. */
  trialMs: number;
}
