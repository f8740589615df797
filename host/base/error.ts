/**
 * The one error that users see. `code` is stable and machine-readable; `message` describes what is wrong and what to
 * do. Any other exception is a defect of moteware.
 */
export class MoteError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MoteError';
    this.code = code;
  }
}
