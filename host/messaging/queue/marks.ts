/**
 * The last marks of each stream: by a mark a sender recognises a message that it has put before, also after the message
 * has left the log and the process was replaced. A mark is in the record of its message. When files are replaced
 * by one, that one has the marks of their streams in a record for each.
 */
import type { Segment } from './segments.ts';

interface Mark {
  text: string;
  /** The file that has it; null until it is durable. */
  home: Segment | null;
}

/** The marks of one stream that are to be written anew, oldest first. */
export interface Carried {
  name: string;
  marks: string[];
}

/** Of more streams, those that put nothing for the longest time are forgotten. */
const MAX_STREAMS = 16_384;

export class Marks {
  readonly #perStream: number;
  /** In the order of their last mark. */
  readonly #streams = new Map<string, Mark[]>();

  constructor(perStream: number) {
    this.#perStream = perStream;
  }

  knows(stream: string, mark: string): boolean {
    return this.#find(stream, mark) !== undefined;
  }

  /** Adds a mark. One that is known only gets its file, if it has none. */
  add(stream: string, text: string, home: Segment | null): void {
    const known = this.#find(stream, text);
    if (known !== undefined) {
      if (home !== null) move(known, home);
      return;
    }
    const marks = this.#streams.get(stream) ?? [];
    const mark: Mark = { text, home: null };
    if (home !== null) move(mark, home);
    marks.push(mark);
    for (const old of marks.splice(0, Math.max(0, marks.length - this.#perStream))) forget(old);
    this.#streams.delete(stream);
    this.#streams.set(stream, marks);
    const [oldest] = this.#streams.keys();
    if (this.#streams.size <= MAX_STREAMS || oldest === undefined) return;
    for (const old of this.#streams.get(oldest) ?? []) forget(old);
    this.#streams.delete(oldest);
  }

  /** All durable marks of the streams that have some in these files. */
  carriedFrom(segments: readonly Segment[]): Carried[] {
    if (segments.length === 0) return [];
    const from = new Set<Segment | null>(segments);
    return [...this.#streams].flatMap(([name, marks]) => {
      if (!marks.some(({ home }) => from.has(home))) return [];
      return [{ name, marks: marks.flatMap(({ text, home }) => (home === null ? [] : text)) }];
    });
  }

  /** The marks are also in this file now. Those that the stream has no more are not added. */
  moved({ name, marks }: Carried, home: Segment): void {
    for (const text of marks) {
      const mark = this.#find(name, text);
      if (mark !== undefined) move(mark, home);
    }
  }

  /** While a log is opened: these are the marks that the stream had. */
  replace({ name, marks }: Carried, home: Segment): void {
    for (const old of this.#streams.get(name) ?? []) forget(old);
    this.#streams.delete(name);
    for (const text of marks) this.add(name, text, home);
  }

  clear(): void {
    for (const marks of this.#streams.values()) for (const mark of marks) forget(mark);
    this.#streams.clear();
  }

  #find(stream: string, text: string): Mark | undefined {
    return this.#streams.get(stream)?.find((mark) => mark.text === text);
  }
}

function move(mark: Mark, home: Segment): void {
  forget(mark);
  mark.home = home;
  home.marks++;
}

function forget(mark: Mark): void {
  if (mark.home !== null) mark.home.marks--;
  mark.home = null;
}
