/** A lock between processes: a folder, which only one of them can make. */
import { mkdir, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { MoteError } from '../../error.ts';

export interface LockOptions {
  /** A holder that gave no sign of life for so long is gone. */
  staleMs?: number;
  /** Gives up after this time. */
  timeoutMs?: number;
}

/** Runs `work` alone. Throws `ENGINE_LOCK` when the lock doesn't come free in time. */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const { staleMs = 10_000, timeoutMs = 300_000 } = options;
  const end = Date.now() + timeoutMs;
  while (!(await take(path, staleMs))) {
    if (Date.now() > end)
      throw new MoteError('ENGINE_LOCK', `another process holds ${path}: remove it if there is none`);
    await delay(50);
  }
  const alive = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), staleMs / 4);
  try {
    return await work();
  } finally {
    clearInterval(alive);
    await rm(path, { recursive: true, force: true });
  }
}

async function take(path: string, staleMs: number): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const age = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  if (age > staleMs) await rm(path, { recursive: true, force: true });
  return false;
}
