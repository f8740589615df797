/** Waits for a lock between processes, so that only one of them fetches or builds. */
import { setTimeout as delay } from 'node:timers/promises';
import { MoteError } from './error.ts';
import { tryLock } from './lock.ts';

export interface LockOptions {
  /** Gives up after this time. */
  timeoutMs?: number;
}

/** Runs `work` alone. Throws `ENGINE_LOCK` when the lock doesn't come free in time. */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const end = Date.now() + (options.timeoutMs ?? 300_000);
  for (;;) {
    const lock = tryLock(path);
    if (lock.taken) {
      try {
        return await work();
      } finally {
        lock.release();
      }
    }
    if (Date.now() > end)
      throw new MoteError('ENGINE_LOCK', `What it waits for is being made for too long: ${lock.holder} (${path}).`);
    // Not in step with others that wait.
    await delay(25 + 50 * Math.random());
  }
}
