/** Places in source files, and how they are shown: the lines around one with a mark below it. */

/** Line and column count from 1. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

export interface SourceLine {
  line: number;
  text: string;
}

/** A place with what is to be said about it. */
export interface MarkedPlace extends Place {
  message: string;
  /** Characters to mark, from the place on; those on further lines aren't. */
  length: number;
  /** The line before the place, if there is one, and its own; empty where the source is not known. */
  source: SourceLine[];
}

/** Longest part of a source line that is shown: generated sources have long lines. */
const WIDTH = 100;

/** The line of a source and the one before it. Empty if the source has no such line. */
export function sourceLines(source: string | null, line: number): SourceLine[] {
  const lines = source?.split(/\r?\n/) ?? [];
  if (line < 1 || line > lines.length) return [];
  const first = line > 1 && lines[line - 2]!.trim() !== '' ? line - 1 : line;
  return lines.slice(first - 1, line).map((text, i) => ({ line: first + i, text }));
}

/** The lines of the source, numbered, with a mark below the place. `paint` colours the mark. */
export function codeFrame(
  { column, length, source }: Pick<MarkedPlace, 'column' | 'length' | 'source'>,
  paint: (text: string) => string = (text) => text,
): string[] {
  const last = source.at(-1);
  if (last === undefined) return [];
  const digits = String(last.line).length;
  const from = column > WIDTH ? column - 1 - WIDTH / 2 : 0;
  const part = (text: string) => text.slice(from, from + WIDTH);
  const before = part(last.text.slice(0, column - 1)).replace(/[^\t]/g, ' ');
  const marked = Math.max(1, Math.min(length, part(last.text).length - before.length));
  return [
    ...source.map(({ line, text }) => `${String(line).padStart(digits)} | ${part(text)}`.trimEnd()),
    `${' '.repeat(digits)} | ${before}${paint('^'.repeat(marked))}`,
  ];
}
