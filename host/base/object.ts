/** Whether a parsed value is an object with members, neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses JSON from elsewhere, which must be an object. `wrong` makes the error of what it is instead. */
export function parseObject(
  bytes: Uint8Array,
  wrong: (what: string, cause?: unknown) => Error,
): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw wrong('it is not JSON', cause);
  }
  if (!isObject(value)) throw wrong('it is not an object');
  return value;
}
