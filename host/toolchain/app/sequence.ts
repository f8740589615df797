/** The sequence of an app in its source: what `mote push --bump` writes. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MoteError } from '../../base/index.ts';

const MAX_SEQUENCE = 0xffff_ffff;
/** The member with its number. A setting may have the same name. */
const MEMBER = /("sequence"\s*:\s*)\d+/;

/**
 * Raises `sequence` in the `mote.json` of `folder` to `least` if it is lower, and keeps the
 * rest of the file as it is written. Throws `USAGE` for a package, whose sequence is signed, and `BUILD_MANIFEST`.
 */
export async function raiseSequence(folder: string, least: number): Promise<{ from: number; to: number }> {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    const text = `--bump changes mote.json, so it takes the folder of an app; ${folder} is none. The sequence of a package is signed.`;
    throw new MoteError('USAGE', text);
  }
  // The build loads two compilers: only who needs it loads it.
  const { parseManifest, readManifest } = await import('../build/index.ts');
  const { sequence: from } = readManifest(folder);
  if (from >= least) return { from, to: from };
  if (least > MAX_SEQUENCE) throw new MoteError('PKG_SEQUENCE', 'The node has the highest sequence that there is.');
  const path = join(folder, 'mote.json');
  const text = readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  let raised = MEMBER.test(text) ? text.replace(MEMBER, `$1${least}`) : text.replace('{', `{\n  "sequence": ${least},`);
  if (parseManifest(raised).sequence !== least) {
    raised = `${JSON.stringify({ ...JSON.parse(text), sequence: least }, null, 2)}\n`;
  }
  writeFileSync(path, raised);
  return { from, to: least };
}
