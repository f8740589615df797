/** What the databases of a site have in common: parameters `$1`, `$2`, ... in any SQL, and rows of plain values. */
import { MoteError } from '../../base/index.ts';

/** 64-bit integers of a database are `bigint`, smaller ones `number`. A `number` as a parameter is an integer if it is a safe one. */
export type SqlValue = null | boolean | number | bigint | string | Uint8Array;
export type Row = Readonly<Record<string, SqlValue>>;

export interface Sql {
  /** Runs one statement and returns its rows. Throws `STORE_SQL` with the database's own words. */
  query(text: string, values?: readonly SqlValue[]): Promise<Row[]>;
}

export type Dialect = 'duckdb' | 'postgresql' | 'sqlite';

/** A database whose schema can be migrated: `work` runs in one transaction, which an error rolls back. */
export interface Transactional extends Sql {
  readonly dialect: Dialect;
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
}

/** `STORE_SQL` for what a database threw. A MoteError stays what it is. */
export function sqlError(cause: unknown, what: string): MoteError {
  if (cause instanceof MoteError) return cause;
  return new MoteError('STORE_SQL', `${what}: ${(cause as Error).message}`, { cause });
}

/** Runs pieces of work one after the other, in the order of their calls. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** Work that many may do at once, and work that nobody else may do meanwhile. Who waits longest comes first. */
export class Gate {
  #shared = 0;
  #exclusive = false;
  readonly #waiting: { exclusive: boolean; start(): void }[] = [];

  /** Resolves with a function that gives the place back. */
  enter(exclusive: boolean): Promise<() => void> {
    return new Promise((resolve) => {
      const leave = () => {
        if (exclusive) this.#exclusive = false;
        else this.#shared--;
        this.#admit();
      };
      this.#waiting.push({ exclusive, start: () => resolve(leave) });
      this.#admit();
    });
  }

  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    const leave = await this.enter(true);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  #admit(): void {
    for (let first = this.#waiting[0]; first !== undefined && !this.#exclusive; first = this.#waiting[0]) {
      if (first.exclusive && this.#shared > 0) return;
      this.#waiting.shift();
      if (first.exclusive) this.#exclusive = true;
      else this.#shared++;
      first.start();
    }
  }
}

/** A safe integer from a 64-bit column. Throws `STORE_DATA` if it isn't one. */
export function integer(value: SqlValue | undefined): number {
  const number = Number(value);
  if (value === null || !Number.isSafeInteger(number))
    throw new MoteError('STORE_DATA', `The store has ${String(value)} where it needs an integer below 2^53.`);
  return number;
}
