import { MoteError } from '../../base/index.ts';

/** Runs `work`; true when it returned. A MoteError goes to `onError`, anything else is a defect and goes on. */
export function guard(work: () => void, onError: (error: MoteError) => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    onError(error);
    return false;
  }
}
