/**
 * Files and folders that a user names. A failure here is a mistake of the user, not a defect: each error names the
 * path.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { MoteError } from './error.ts';

/** Reads a file. `what` begins the error's sentence, such as "The package". Throws `FILE`. */
export function readInput(path: string, what: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new MoteError('FILE', `${what} ${path} can't be read: ${(cause as Error).message}.`, { cause });
  }
}

/** Writes a file, in place of one that exists. Throws `FILE`. */
export function writeOutput(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (cause) {
    throw new MoteError('FILE', `${path} can't be written: ${(cause as Error).message}.`, { cause });
  }
}

/** Creates the folder that `option` names, unless it exists. Throws `FILE`. */
export function makeFolder(path: string, option: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new MoteError(
      'FILE',
      `${option} ${path} isn't a folder and can't be created (${(cause as Error).message}); choose another path.`,
      { cause },
    );
  }
}
