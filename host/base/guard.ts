import { MoteError } from './error.ts';

/** Runs `work` and returns whether it succeeded. Passes a `MoteError` to `onError`; any other error is a defect and is thrown. */
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
