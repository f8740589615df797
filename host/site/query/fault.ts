/** A mistake in a question, with the part that is wrong. */

/** Names and numbers from the question down to a part of it, such as `['select', 0, 'value']`. */
export type PartPath = readonly (string | number)[];

/** What is wrong with a part. Turned into a `MoteError` where it is known how the question was written. */
export class QueryFault extends Error {
  readonly path: PartPath;

  constructor(path: PartPath, message: string) {
    super(message);
    this.path = path;
  }
}
