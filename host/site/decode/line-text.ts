/** The text of InfluxDB's line protocol: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/. */
import { type Decimal, parseDecimal } from './decimal.ts';

/** A text is a value in quotes. */
export type LineValue = boolean | { readonly text: string } | { readonly number: Decimal; readonly integer: boolean };

export interface Line {
  readonly measurement: string;
  /** In their order; a repeated tag counts as its last. */
  readonly tags: ReadonlyMap<string, string>;
  /** `undefined`: the value is NaN or infinite. */
  readonly fields: readonly (readonly [name: string, value: LineValue | undefined])[];
  /** A number of the precision since 1970. */
  readonly time?: Decimal;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+[iu]$/;
const NOT_FINITE = /^[+-]?(?:nan|inf(?:inity)?)$/i;

/** Reads lines. Of a line that isn't valid, `onLine` gets null; the lines behind it are read. */
export function parseLines(text: string, onLine: (line: Line | null) => void): void {
  const reader = new LineReader(text);
  while (!reader.ended) {
    const line = reader.line();
    if (line !== undefined) onLine(line);
    reader.next();
  }
}

class LineReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Goes behind the end of the line. */
  next(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end + 1;
  }

  /** Undefined: a comment or an empty line. Null: not valid. */
  line(): Line | null | undefined {
    this.#spaces();
    if (this.#atEnd() || this.#text[this.#at] === '#') return undefined;
    const measurement = this.#name(', ', ', ');
    if (measurement === '') return null;
    const tags = new Map<string, string>();
    while (this.#take(',')) {
      const key = this.#name('=, ', ',= ');
      if (key === '' || !this.#take('=')) return null;
      const value = this.#name(', =', ',= ');
      if (value === '') return null;
      tags.set(key, value);
    }
    if (!this.#take(' ')) return null;
    this.#spaces();
    const fields = this.#fields();
    if (fields === null) return null;
    const time = this.#time();
    return time === null ? null : { measurement, tags, fields, ...(time !== undefined && { time }) };
  }

  #fields(): [string, LineValue | undefined][] | null {
    const fields: [string, LineValue | undefined][] = [];
    do {
      const key = this.#name('=, ', ',= ');
      if (key === '' || !this.#take('=')) return null;
      const value = this.#text[this.#at] === '"' ? this.#quoted() : fieldValue(this.#name(', ', ''));
      if (value === null) return null;
      fields.push([key, value]);
    } while (this.#take(','));
    return fields;
  }

  /** Undefined: there is none. Null: it isn't valid. */
  #time(): Decimal | null | undefined {
    if (!this.#atEnd() && this.#text[this.#at] !== ' ') return null;
    this.#spaces();
    if (this.#atEnd()) return undefined;
    const text = this.#name(' ', '');
    this.#spaces();
    return this.#atEnd() && /^-?\d+$/.test(text) ? parseDecimal(text) : null;
  }

  #atEnd(): boolean {
    const c = this.#text[this.#at];
    return c === undefined || c === '\n' || (c === '\r' && (this.#text[this.#at + 1] ?? '\n') === '\n');
  }

  #spaces(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
  }

  #take(c: string): boolean {
    if (this.#text[this.#at] !== c) return false;
    this.#at++;
    return true;
  }

  /** Text up to one of `stops` or the end of the line. A backslash before one of `escaped` is left out. */
  #name(stops: string, escaped: string): string {
    let result = '';
    let start = this.#at;
    while (!this.#atEnd() && !stops.includes(this.#text[this.#at]!)) {
      const next = this.#text[this.#at + 1];
      if (this.#text[this.#at] === '\\' && next !== undefined && escaped.includes(next)) {
        result += this.#text.slice(start, this.#at);
        start = this.#at + 1;
        this.#at++;
      }
      this.#at++;
    }
    return result + this.#text.slice(start, this.#at);
  }

  /** A text in quotes, which may contain ends of lines. Null: it doesn't end. */
  #quoted(): LineValue | null {
    const parts: string[] = [];
    let start = this.#at + 1;
    for (let at = start; at < this.#text.length; at++) {
      const c = this.#text[at];
      if (c === '"') {
        parts.push(this.#text.slice(start, at));
        this.#at = at + 1;
        return { text: parts.join('') };
      }
      const next = this.#text[at + 1];
      if (c === '\\' && (next === '"' || next === '\\')) {
        parts.push(this.#text.slice(start, at));
        start = at + 1;
        at++;
      }
    }
    return null;
  }
}

/** Null: not valid; undefined: not finite. */
function fieldValue(text: string): LineValue | null | undefined {
  if (/^(?:t|T|true|True|TRUE)$/.test(text)) return true;
  if (/^(?:f|F|false|False|FALSE)$/.test(text)) return false;
  const integer = INTEGER.test(text);
  if (!integer && !NUMBER.test(text)) return NOT_FINITE.test(text) ? undefined : null;
  const number = parseDecimal(integer ? text.slice(0, -1) : text);
  return number === null ? null : { number, integer };
}
