/** Reads the text of a question from left to right, one part at a time. What a part is depends on what may stand there. */
import { type MarkedPlace, MoteError, sourceLines } from '../../base/index.ts';

/** A part of the text. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Words that no bare name can be. */
const RESERVED = new Set(
  'from where and not in under as exponent window every session lateness by at select having order asc desc limit now'.split(
    ' ',
  ),
);

const SPACE = /\s*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /(?:\d+(?:\.\d+)?)(?![A-Za-z_0-9.])/y;
const DURATION = /\d+(?:ms|d|h|m|s)(?:\d+(?:ms|h|m|s))*(?![A-Za-z_0-9])/y;
const STRING = /'((?:[^']|'')*)'/y;
const QUOTED = /"((?:[^"]|"")+)"/y;
const PATH = /[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*/y;

export class Scanner {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  /** End of the part that was read last. */
  #end = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    this.#skip();
  }

  /** Where the next part begins. */
  get at(): number {
    return this.#at;
  }

  get atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** From a place to the end of the part that was read last. */
  since(from: number): Span {
    return { from, to: Math.max(from, this.#end) };
  }

  /** Whether the next word is this one, in any case; reads it. */
  word(word: string): boolean {
    const found = this.#match(WORD)?.[0];
    if (found?.toLowerCase() !== word) return false;
    this.#advance(found.length);
    return true;
  }

  /** The first of these signs that stands here. */
  sign<T extends string>(...signs: readonly T[]): T | null {
    const found = signs.find((sign) => this.#text.startsWith(sign, this.#at));
    if (found !== undefined) this.#advance(found.length);
    return found ?? null;
  }

  /** The next word if it is one of these. */
  oneOf<T extends string>(words: readonly T[]): T | null {
    return words.find((word) => this.word(word)) ?? null;
  }

  expectWord(word: string, what: string): void {
    if (!this.word(word)) this.fail(`Expected "${word}"${what === '' ? '' : ` ${what}`}`);
  }

  expectSign(sign: string): void {
    if (this.sign(sign) === null) this.fail(`Expected "${sign}"`);
  }

  /** A name: a word that isn't reserved, or any text in double quotes. */
  name(what: string, reserved: ReadonlySet<string> = RESERVED): string {
    const quoted = this.#read(QUOTED);
    if (quoted !== null) return quoted[1]!.replaceAll('""', '"');
    const word = this.#match(WORD)?.[0];
    if (word === undefined) return this.fail(`Expected ${what}`);
    if (reserved.has(word.toLowerCase()))
      return this.fail(`"${word}" is a word of the language; as ${what}, write it in double quotes`);
    this.#advance(word.length);
    return word;
  }

  /** A name after a dot, where every word can stand. */
  key(what: string): string {
    return this.name(what, new Set());
  }

  string(what: string): string {
    return this.optionalString() ?? this.fail(`Expected ${what} in single quotes`);
  }

  optionalString(): string | null {
    const found = this.#read(STRING);
    return found === null ? null : found[1]!.replaceAll("''", "'");
  }

  number(what: string): string {
    const sign = this.sign('-') ?? '';
    return sign + (this.#read(NUMBER)?.[0] ?? this.fail(`Expected ${what}`));
  }

  optionalNumber(): string | null {
    return this.#read(NUMBER)?.[0] ?? null;
  }

  integer(what: string): number {
    const from = this.#at;
    const text = this.number(what);
    if (!/^-?\d{1,15}$/.test(text)) return this.fail(`Expected ${what}, an integer`, { from, to: this.#end });
    return Number(text);
  }

  /** A path without quotes, or any in single quotes. */
  path(): string {
    return this.optionalString() ?? this.#read(PATH)?.[0] ?? this.fail('Expected a path, such as acme/berlin');
  }

  /** Milliseconds. */
  duration(): number {
    const text = this.#read(DURATION)?.[0] ?? this.fail('Expected a duration, such as 500ms, 1m or 1h30m');
    let sum = 0;
    for (const [, count, unit] of text.matchAll(/(\d+)(ms|d|h|m|s)/g))
      sum += Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
    return sum;
  }

  fail(message: string, span: Span = this.#nextSpan()): never {
    throw placedError(this.#file, this.#text, message, span);
  }

  #nextSpan(): Span {
    const word = this.#match(/\S[A-Za-z0-9_]*/y)?.[0] ?? '';
    return { from: this.#at, to: this.#at + word.length };
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text);
  }

  #read(pattern: RegExp): RegExpExecArray | null {
    const found = this.#match(pattern);
    if (found !== null) this.#advance(found[0].length);
    return found;
  }

  #advance(length: number): void {
    this.#at += length;
    this.#end = this.#at;
    this.#skip();
  }

  #skip(): void {
    this.#at += this.#match(SPACE)![0].length;
  }
}

export const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** Whether a name can stand without quotes. */
export function isBareName(name: string): boolean {
  return isBareKey(name) && !RESERVED.has(name.toLowerCase());
}

/** The same after a dot. */
export function isBareKey(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

export function isBarePath(path: string): boolean {
  return /^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/.test(path);
}

/** `QUERY` with the line and column, and the source around it. */
export function placedError(file: string, text: string, message: string, { from, to }: Span): MoteError {
  const before = text.slice(0, from).split(/\r?\n/);
  const [line, column] = [before.length, before.at(-1)!.length + 1];
  const sentence = message.endsWith('.') ? message : `${message}${from === text.length ? ', and the text ends' : ''}.`;
  const place: MarkedPlace = {
    file,
    line,
    column,
    message: sentence,
    length: Math.max(1, to - from),
    source: sourceLines(text, line),
  };
  return new MoteError('QUERY', `${sentence} (line ${line}, column ${column})`, { places: [place] });
}
