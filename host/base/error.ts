import type { ErrorCode } from './abi/index.ts';

export type { ErrorCode };

/**
 * The one error that users see. `code` is stable and one of abi/errors.json; `message` describes what is wrong and what
 * to do. Any other exception is a defect of moteware.
 */
export class MoteError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MoteError';
    this.code = code;
  }
}
