import type { ErrorCode } from './abi/index.ts';
import type { MarkedPlace } from './place.ts';

export type { ErrorCode };

/**
 * The one error that users see. `code` is stable and one of abi/errors.json; `message` describes what is wrong and what
 * to do. Any other exception is a defect of moteware.
 */
export class MoteError extends Error {
  readonly code: ErrorCode;
  /** The places in sources that the message names, in its order, one a line; empty if it is about no source. */
  readonly places: readonly MarkedPlace[];

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; places?: readonly MarkedPlace[] }) {
    super(message, options);
    this.name = 'MoteError';
    this.code = code;
    this.places = options?.places ?? [];
  }
}
