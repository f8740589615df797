/** A package's metadata: what a host must know about a module before it runs it. Encoding: docs/spec/package.md. */
import type { MetricInfo } from '../link/index.ts';

export interface Metadata {
  name: string;
  /** Semantic version of the app. */
  version: string;
  /** ABI that the module was built for, major x 65536 + minor. */
  abi: number;
  /** Linear memory in bytes; equals the module's `memory_bytes`. */
  memoryBytes: number;
  /** Names of the sensors that the module may open. */
  sensors: string[];
  metrics: MetricInfo[];
  /** Names of the commands that the module subscribes to. */
  commands: string[];
  /** Models inside the module, with the SHA-256 of their files. */
  models: { name: string; sha256: Uint8Array }[];
  /** Fuel of one call. */
  fuel: bigint;
  /** Time on the node's clock within which the module must be healthy after a swap. */
  trialMs: number;
  /** Product class of the nodes that may run it; empty for nodes without one. */
  product: string;
  /** Name of the only node that may run it; empty for all. */
  node: string;
  /** Group of the nodes that may run it; empty for all. */
  group: string;
  /** A node rejects the package if its sequence is further above the confirmed one. */
  maxStep: number;
}
