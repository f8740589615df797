/**
 * The node's key-value store: values of a module that survive restarts and swaps. Every change is one journal record
 * that is durable when the call returns. Both halves of the pages wear evenly.
 */
import { isUtf8 } from 'node:buffer';
import { AbiLimit, JournalKind, KvOperation } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import type { Flash } from './flash.ts';
import { Journal } from './journal.ts';

const { delete: DELETE, set: SET } = KvOperation;

export class KeyValueStore {
  readonly #journal: Journal;
  readonly #values = new Map<string, Uint8Array>();
  /** Stored bytes of all present entries. */
  #used = 0;

  private constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Opens the store on two pages or more. It only reads; any other content of the flash counts as an empty store. */
  static open(flash: Flash): KeyValueStore {
    const { journal, records } = Journal.open(flash, JournalKind.kv);
    const store = new KeyValueStore(journal);
    for (const record of records) store.#replay(record);
    return store;
  }

  /**
   * Limit for keys and values together, with about 8 bytes of overhead each: three quarters of half of the pages. A
   * store at its limit appends into the remaining quarter between two erases, so it doesn't wear out a page with every
   * write.
   */
  get capacityBytes(): number {
    return Math.floor((this.#journal.capacityBytes * 3) / 4);
  }

  /** Returns a copy of the value. */
  get(key: string): Uint8Array | undefined {
    return this.#values.get(key)?.slice();
  }

  /** Returns the keys in the order in which they were last set. */
  keys(): string[] {
    return [...this.#values.keys()];
  }

  /**
   * Stores a value of up to 1024 bytes under a key of 1 to 64 bytes of UTF-8. The change is durable when this returns.
   * An equal value causes no write. Throws `KV_KEY`, `KV_VALUE`, or `KV_FULL` with nothing changed.
   */
  set(key: string, value: Uint8Array): void {
    const name = encodeKey(key);
    if (value.length > AbiLimit.value)
      throw new MoteError(
        'KV_VALUE',
        `The value of '${key}' has ${value.length} bytes; ${AbiLimit.value} is the maximum. Split it over several keys.`,
      );
    const old = this.#values.get(key);
    if (old && Buffer.compare(old, value) === 0) return;
    const used = this.#used - this.#stored(key, old) + this.#stored(key, value);
    if (used > this.capacityBytes)
      throw new MoteError(
        'KV_FULL',
        `'${key}' doesn't fit: the store would hold ${used} bytes of ${this.capacityBytes}. Delete keys that aren't needed.`,
      );
    const record = encodeRecord(SET, name, value);
    this.#journal.append(record, () => [...this.#live(key), record]);
    this.#apply(key, value.slice());
  }

  /** Removes a key; durable when this returns. Returns false if the key doesn't exist. */
  delete(key: string): boolean {
    if (!this.#values.has(key)) return false;
    this.#journal.append(encodeRecord(DELETE, encodeKey(key), new Uint8Array(0)), () => this.#live(key));
    this.#apply(key, undefined);
    return true;
  }

  #live(except: string): Uint8Array[] {
    return [...this.#values]
      .filter(([key]) => key !== except)
      .map(([key, value]) => encodeRecord(SET, encodeKey(key), value));
  }

  #stored(key: string, value: Uint8Array | undefined): number {
    return value ? this.#journal.storedBytes(2 + Buffer.byteLength(key) + value.length) : 0;
  }

  #apply(key: string, value: Uint8Array | undefined): void {
    this.#used += this.#stored(key, value) - this.#stored(key, this.#values.get(key));
    this.#values.delete(key);
    if (value) this.#values.set(key, value);
  }

  /** Applies a record of the journal. A record that this version would not have written is ignored. */
  #replay(record: Uint8Array): void {
    const operation = record[0];
    const keyBytes = record[1] ?? 0;
    if (keyBytes < 1 || keyBytes > AbiLimit.name || record.length < 2 + keyBytes) return;
    const name = Buffer.from(record.subarray(2, 2 + keyBytes));
    if (!isUtf8(name)) return;
    const key = name.toString('utf8');
    const value = record.slice(2 + keyBytes);
    if (operation === SET && value.length <= AbiLimit.value) this.#apply(key, value);
    else if (operation === DELETE && value.length === 0) this.#apply(key, undefined);
  }
}

function encodeKey(key: string): Uint8Array {
  const bytes = Buffer.from(key, 'utf8');
  if (bytes.length < 1 || bytes.length > AbiLimit.name || bytes.toString('utf8') !== key)
    throw new MoteError(
      'KV_KEY',
      `A key has 1 to ${AbiLimit.name} bytes of UTF-8; '${key}' has ${bytes.length}. Choose another.`,
    );
  return bytes;
}

function encodeRecord(operation: number, key: Uint8Array, value: Uint8Array): Uint8Array {
  const record = new Uint8Array(2 + key.length + value.length);
  record.set([operation, key.length]);
  record.set(key, 2);
  record.set(value, 2 + key.length);
  return record;
}
