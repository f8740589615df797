/** Decides whether a package may run on this node: signature, product, sequence, ABI, memory, sensors, exports. */
import type { KeyObject } from 'node:crypto';
import { sentenceError } from '../../base/index.ts';
import { ABI_VERSION, validateModule } from '../engine/index.ts';
import { checkPackage, type HostLimits, openPackage, type Package } from '../package/index.ts';

export interface VerifyOptions extends Pick<HostLimits, 'product' | 'node' | 'group'> {
  publicKeys: readonly KeyObject[];
  /** Linear memory that this node has for a module. */
  memoryBytes: number;
  sensors: ReadonlySet<string>;
  /** Highest sequence that was ever confirmed. */
  highestSequence: number;
}

/** Throws `MoteError` with the reason why the package, offered with this sequence, must not run. */
export function verifyPackage(bytes: Uint8Array, sequence: number, options: VerifyOptions): void {
  const { publicKeys, sensors, highestSequence } = options;
  const opened = openPackage(bytes, publicKeys);
  if (opened.sequence !== sequence) {
    throw sentenceError('pkg_offered', opened.sequence, sequence);
  }
  checkPackage(opened, { ...options, abi: ABI_VERSION, sequence: highestSequence });
  const missing = opened.metadata.sensors.find((name) => !sensors.has(name));
  if (missing !== undefined) {
    throw sentenceError('node_sensor', missing);
  }
  checkModule(opened);
}

/**
 * Checks that a node can load the module. Throws `PKG_METADATA` if the metadata requires other memory than the module,
 * and the errors of `validateModule`.
 */
export function checkModule({ wasm, metadata }: Package): void {
  if (validateModule(wasm).memoryBytes === metadata.memoryBytes) return;
  throw sentenceError('metadata_memory');
}
