/** Whether two packages hold the same module, whoever signed them and with whatever sequence. */
import { createHash } from 'node:crypto';
import { MoteError } from '../../base/index.ts';
import { encodeMetadata, type Package } from '../../device/package/index.ts';

type Module = Pick<Package, 'wasm' | 'rom' | 'metadata'>;

/** SHA-256 of module, rom and metadata. */
export function moduleDigest({ wasm, rom, metadata }: Module): Uint8Array {
  const hash = createHash('sha256');
  for (const part of [wasm, rom, encodeMetadata(metadata)]) hash.update(`${part.length} `).update(part);
  return new Uint8Array(hash.digest());
}

/** What a user should know about the node `id`: it runs another module than that of the command line. */
export function keptModule(id: string, { metadata: { name, version } }: Module): MoteError {
  const what = `${id} runs the module in its flash, ${name} ${version}, and ignores the app of the command line`;
  return new MoteError('NODE_KEPT', `${what}; "mote push" updates it.`);
}
