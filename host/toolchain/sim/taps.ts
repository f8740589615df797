/** Taps as files: the buffers that a module shows for debugging. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MoteError, makeFolder } from '../../base/index.ts';

/**
 * Returns a function that writes each tap to a file of its own in `dir`. The first write of a run replaces the file. Both functions throw
 * `FILE`.
 */
export function tapFiles(dir: string): (tap: { name: string; data: Uint8Array }) => void {
  makeFolder(dir, '--taps');
  const started = new Set<string>();
  return ({ name, data }) => {
    const path = join(dir, `${name.replace(/[^\w.-]/g, '_').replace(/^\.+/, '_')}.bin`);
    try {
      if (started.has(path)) appendFileSync(path, data);
      else writeFileSync(path, data);
    } catch (cause) {
      throw new MoteError(
        'FILE',
        `--taps: ${path} can't be written (${(cause as Error).message}): choose another folder or free some space.`,
        { cause },
      );
    }
    started.add(path);
  };
}
