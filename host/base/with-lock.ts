/** Waits for a lock between processes, so that only one of them fetches or builds. */
import { setTimeout as delay } from 'node:timers/promises';
import { MoteError } from './error.ts';
import { tryLock } from './lock.ts';

export interface LockOptions {
  /** Longest time to wait for the lock; default 300,000. */
  timeoutMs?: number;
}

/** Runs `work` while it holds the lock. Throws `ENGINE_LOCK` if the lock isn't free within the timeout. */
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
      throw new MoteError('ENGINE_LOCK', `Another process holds the lock ${path} for too long: ${lock.holder}.`);
    // A random delay, so that waiting processes don't try in step.
    await delay(25 + 50 * Math.random());
  }
}
