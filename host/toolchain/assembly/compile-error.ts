/** Errors of the compiler, each with its place in the sources. */
import { type MarkedPlace, MoteError } from '../../base/index.ts';

/** `file:line:column: message`. */
export const placed = ({ file, line, column, message }: MarkedPlace): string => `${file}:${line}:${column}: ${message}`;

/** An error about places in sources. `explain` rewrites the message of each. */
export function compileError(
  places: readonly MarkedPlace[],
  explain: (place: MarkedPlace) => string = ({ message }) => message,
  cause?: unknown,
): MoteError {
  const explained = places.map((place) => ({ ...place, message: explain(place) }));
  return new MoteError('BUILD_COMPILE', explained.map(placed).join('\n'), { places: explained, cause });
}
