/** How commands talk to a person or a program: colour only on a terminal, `--json` as one object or one a line. */
import { styleText } from 'node:util';
import { codeFrame, type MarkedPlace, MoteError, printable } from '../../base/index.ts';

type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  readonly json: boolean;
  /** Whether stdout is a terminal that a person looks at: progress and redrawing make sense. */
  readonly live: boolean;
  readonly colour: boolean;
  readonly columns: number;
  paint(style: Style, text: string): string;
  /** A line for a person; silent with `--json`. */
  line(text?: string): void;
  /** A value for a program; silent without `--json`. */
  data(value: unknown): void;
  /** A passing state, redrawn in place on a terminal, silent elsewhere. */
  progress(text: string): void;
}

/**
 * `JSON.stringify` for our values: bytes become hex, bigints become numbers where exact and strings elsewhere. No
 * character in it steers a terminal.
 */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value, (_key, v: unknown) => {
    if (v instanceof Uint8Array) return Buffer.from(v).toString('hex');
    if (typeof v === 'bigint') return Number.isSafeInteger(Number(v)) ? Number(v) : v.toString();
    return v;
  });
  return printable(text ?? 'null');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours are control characters
const COLOUR = /(\x1b\[[0-9;]*m)/;

/** A line, or several, as it may reach the terminal: with colours if it shows them, and no other escape sequence. */
function shown(text: string, colour: boolean): string {
  const parts = colour ? text.split(COLOUR) : [text];
  return parts.map((part, i) => (i % 2 === 1 ? part : printable(part, '\n\t'))).join('');
}

export function openTerminal(json: boolean, stdout: NodeJS.WriteStream = process.stdout): Terminal {
  const live = !json && stdout.isTTY === true;
  const colour = live && !process.env.NO_COLOR;
  let passing = false;
  const clear = () => {
    if (passing) stdout.write('\r\x1b[2K');
    passing = false;
  };
  return {
    json,
    live,
    colour,
    columns: stdout.columns || 80,
    paint: (style, text) => (colour ? styleText(style, text) : text),
    line(text = '') {
      if (json) return;
      clear();
      stdout.write(`${shown(text, colour)}\n`);
    },
    data(value) {
      if (json) stdout.write(`${toJson(value)}\n`);
    },
    progress(text) {
      if (!live) return;
      stdout.write(`\r\x1b[2K${printable(cutTo(text, stdout.columns || 80))}`);
      passing = true;
    },
  };
}

/** Exit codes of every command; `interrupted` is a shell's own for Ctrl-C. */
export const Exit = { ok: 0, failed: 1, usage: 2, defect: 70, interrupted: 130 } as const;

/** Prints an error as a user should see it and returns the exit code. Only a defect of ours shows a stack. */
export function reportError(error: unknown, json: boolean): number {
  if (error instanceof MoteError) {
    printError(error, json);
    return Exit.usage;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (json) process.stdout.write(`${toJson({ error: { code: 'DEFECT', message: text } })}\n`);
  else process.stderr.write(`mote: this is a defect in moteware; please report it with this text:\n${text}\n`);
  return Exit.defect;
}

/** Prints an error that is the answer to what the command was asked, such as a signature that doesn't verify. */
export function reportNo(error: MoteError, { json }: Pick<Terminal, 'json'>): number {
  printError(error, json);
  return Exit.failed;
}

function printError({ code, message, places }: MoteError, json: boolean): void {
  if (json) {
    process.stdout.write(`${toJson({ error: { code, message, ...(places.length > 0 && { places }) } })}\n`);
    return;
  }
  const colour = process.stderr.isTTY === true && !process.env.NO_COLOR;
  const text = places.length === 0 ? `${printable(message, '\n\t')} [${code}]` : placesText(places, code, colour);
  process.stderr.write(`mote: ${text}\n`);
}

/** Each place with its message and the lines of its source; the code stands behind the first message. */
function placesText(places: readonly MarkedPlace[], code: string, colour: boolean): string {
  const paint = (style: Style, text: string) => (colour ? styleText(style, text) : text);
  const blocks = places.map(({ file, line, column, message, length, source }, i) => {
    const where = paint('bold', printable(`${file}:${line}:${column}`));
    const clean = source.map(({ line, text }) => ({ line, text: printable(text, '\t') }));
    const frame = codeFrame({ column, length, source: clean }, (mark) => paint('red', mark));
    return [`${where}: ${printable(message)}${i === 0 ? ` [${code}]` : ''}`, ...frame].join('\n');
  });
  return blocks.join('\n\n');
}

/** Left-aligned columns, or right-aligned where `align` has 'r'. */
export function table(rows: string[][], align = ''): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) => Math.max(...rows.map((row) => visibleLength(row[i] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const pad = ' '.repeat((widths[i] ?? 0) - visibleLength(cell));
        return align[i] === 'r' ? pad + cell : cell + pad;
      })
      .join('  ')
      .trimEnd(),
  );
}

function visibleLength(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours are control characters
  return text.replace(/\x1b\[[0-9;]*m/g, '').length;
}

/** Cuts a line, which may have colours, to a number of columns. An ellipsis is the sign that something is missing. */
export function cutTo(line: string, columns: number): string {
  if (visibleLength(line) <= columns) return line;
  let left = columns - 1;
  let out = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours are control characters
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith('\x1b')) out += part;
    else {
      const shown = part.slice(0, left);
      out += left > 0 && shown.length === left ? `${shown}…` : shown;
      left -= shown.length;
    }
  }
  return out;
}

/** Cuts a text at spaces into lines of at most `width`. */
export function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
