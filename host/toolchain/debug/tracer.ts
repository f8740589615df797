/** Finds the places of traps for a command: by the digest of the module or package that trapped. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MoteError } from '../../base/index.ts';
import { sourceTree } from '../assembly/index.ts';
import { DEBUG_FOLDER, findDebugInfo } from './store.ts';
import { type Trace, trace } from './trace.ts';

export interface Tracer {
  /** Null if there is no debug information for the digest, in hexadecimal. */
  trace(digest: string, offsets: readonly number[]): Trace | null;
  /** Where it was looked for. */
  folder: string;
}

/** The folder of an app: what `app` names, or for a package or null the current one. */
const appFolder = (app: string | null): string =>
  app !== null && existsSync(app) && statSync(app).isDirectory() ? app : '.';

/** The folder that keeps the debug information of an app's builds. */
export const debugFolder = (app: string | null): string => join(appFolder(app), ...DEBUG_FOLDER);

/** `folder`: in place of the app's own. Throws `FILE` if it doesn't exist. */
export function openTracer(app: string | null, folder: string | undefined): Tracer {
  if (folder !== undefined && !existsSync(folder))
    throw new MoteError(
      'FILE',
      `There is no folder ${folder}: --debug names one that a build wrote, such as .mote/debug.`,
    );
  const from = folder ?? debugFolder(app);
  const { baseDir } = sourceTree(appFolder(app));
  return {
    folder: from,
    trace(digest, offsets) {
      const info = findDebugInfo(from, digest);
      return info && trace(info, offsets, baseDir);
    },
  };
}
