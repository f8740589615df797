/** Runs a simulation again whenever a file of its app or its inputs is saved. */
import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isFolder, isOwnFolder } from '../app/index.ts';
import { inputFiles } from './inputs.ts';

/** Files that an app consists of. */
const SOURCE = /\.(ts|json|tflite)$/;
/** An editor saves a file in several operations; they belong together within this time. */
const SETTLE_MS = 20;

/** Resolves with the name of a file that was saved. A save that nobody waits for counts for the next call. */
export interface Changes {
  next(): Promise<string>;
  close(): void;
}

/** Watches the sources of an app, or its package, and the files that `--input` options name. */
export function watchApp(app: string, inputs: string[]): Changes {
  const files = new Set([...(isFolder(app) ? [] : [app]), ...inputFiles(inputs)].map((path) => resolve(path)));
  const watchers = new Map<string, FSWatcher>();
  let saved: string | null = null;
  let timer: NodeJS.Timeout | undefined;
  let waiting: ((name: string) => void) | null = null;
  const settle = () => {
    if (saved === null || waiting === null) return;
    waiting(saved);
    waiting = saved = null;
  };
  // A folder, because an editor may replace the file in it.
  const open = (folder: string, isSource: boolean) => {
    if (watchers.has(folder)) return;
    const watcher = watch(folder, (_event, name) => {
      if (name === null || !(files.has(join(folder, name)) || (isSource && SOURCE.test(name)))) return;
      saved = name;
      clearTimeout(timer);
      timer = setTimeout(() => {
        timer = undefined;
        settle();
      }, SETTLE_MS);
    });
    // A folder that was removed is no error: its files are gone.
    watcher.on('error', () => watcher.close());
    watchers.set(folder, watcher);
  };
  const openAll = () => {
    if (isFolder(app)) for (const folder of sourceFolders(resolve(app))) open(folder, true);
    for (const file of files) open(dirname(file), false);
  };
  openAll();
  return {
    next: () =>
      new Promise((resolve) => {
        openAll();
        waiting = resolve;
        if (timer === undefined) settle();
      }),
    close() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

/** The app's folder, and those in it that may hold sources. */
function sourceFolders(folder: string): string[] {
  const inner = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && isOwnFolder(entry.name),
  );
  return [folder, ...inner.flatMap(({ name }) => sourceFolders(join(folder, name)))];
}

export interface Repeated {
  /** One run; it ends early when `stopped` resolves. */
  run(stopped: () => Promise<void>): Promise<void>;
  /** A run that failed, for example because the app doesn't compile. */
  onError(error: unknown): void;
  /** A file was saved; the next run begins. */
  onSaved(file: string): void;
  /** Resolves when the user ends it. */
  interrupted: Promise<void>;
}

/** Runs at once, then after each save, until interrupted. */
export async function repeatOnSave(changes: Changes, { run, onError, onSaved, interrupted }: Repeated): Promise<void> {
  let ended = false;
  const end = interrupted.then(() => {
    ended = true;
  });
  try {
    while (!ended) {
      const next = changes.next();
      try {
        await run(() => Promise.race([end, next.then(() => {})]));
      } catch (error) {
        onError(error);
      }
      const file = await Promise.race([end, next]);
      if (typeof file === 'string') onSaved(file);
    }
  } finally {
    changes.close();
  }
}
