import { MoteError } from '../error.ts';

/** Runs `work`; a MoteError goes to `onError`, anything else is a defect and goes on. */
export function guard(work: () => void, onError: (error: MoteError) => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    onError(error);
  }
}
