import { MoteError } from '../../base/index.ts';

/** Returns what `work` returns. What a file operation throws becomes `QUEUE_IO` with `sentence`; a MoteError passes. */
export function queueIo<T>(sentence: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof MoteError) throw cause;
    throw new MoteError('QUEUE_IO', sentence, { cause });
  }
}
