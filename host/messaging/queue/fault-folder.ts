/**
 * A folder in memory, for tests, that loses what wasn't synced: after `cut` it holds what the medium had. Not part of the
 * product. A file has its bytes as written and as synced; the folder has its names as changed and as synced. What isn't
 * synced may be on the medium nevertheless, in part: `keep` decides for each.
 */
import type { LogFile, LogFolder } from './folder.ts';

interface Data {
  bytes: Buffer;
  /** What the medium holds. */
  synced: Buffer;
}

/** What a power cut leaves of changes that weren't synced: a part of them from 0 (none) to 1 (all). */
export type Keep = () => number;

export class FaultFolder implements LogFolder {
  #names = new Map<string, Data>();
  #syncedNames = new Map<string, Data>();
  /** Operations until the power is cut; the operation that it meets is not done. */
  #left = Number.POSITIVE_INFINITY;
  #dead = false;
  /** Operations since the start: each may be the last. */
  operations = 0;
  /** Syncs that do nothing, to see that a test notices. */
  readonly ignored: ReadonlySet<'file' | 'folder'>;
  /** Bytes that fit. */
  capacity = Number.POSITIVE_INFINITY;
  /** Reports an error once at the next sync, and drops what it should have written, as a system does. */
  failSync = false;

  constructor(ignored: readonly ('file' | 'folder')[] = []) {
    this.ignored = new Set(ignored);
  }

  /** Cuts the power at the operation after `operations` more. */
  cutAfter(operations: number): void {
    this.#left = operations;
  }
  get dead(): boolean {
    return this.#dead;
  }

  /** What the medium holds after a power cut, with the power on again. */
  survivor(keep: Keep): FaultFolder {
    const names = new Map(this.#syncedNames);
    for (const [name, data] of this.#names) if (keep() === 1) names.set(name, data);
    for (const name of this.#syncedNames.keys()) if (!this.#names.has(name) && keep() === 1) names.delete(name);
    const folder = new FaultFolder([...this.ignored]);
    for (const [name, data] of names) {
      const bytes = partly(data, keep());
      folder.#names.set(name, { bytes, synced: bytes });
    }
    folder.#syncedNames = new Map(folder.#names);
    return folder;
  }

  /** All files as they are, as after the end of a process. */
  clone(): FaultFolder {
    return this.survivor(() => 1);
  }

  get bytes(): number {
    return [...this.#names.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  list(): string[] {
    return [...this.#names.keys()];
  }
  read(name: string): Uint8Array {
    return Uint8Array.from(this.#data(name).bytes);
  }
  create(name: string): LogFile {
    this.#operate();
    const data = { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
    this.#names.set(name, data);
    return this.#file(data);
  }
  open(name: string): LogFile {
    return this.#file(this.#data(name));
  }
  rename(from: string, to: string): void {
    this.#operate();
    this.#names.set(to, this.#data(from));
    this.#names.delete(from);
  }
  remove(name: string): void {
    this.#operate();
    this.#names.delete(name);
  }
  async sync(): Promise<void> {
    this.syncNow();
  }
  syncNow(): void {
    this.#operate();
    if (!this.ignored.has('folder')) this.#syncedNames = new Map(this.#names);
  }

  #data(name: string): Data {
    const data = this.#names.get(name);
    if (data === undefined) throw new Error(`ENOENT: ${name}`);
    return data;
  }

  #operate(): void {
    if (this.#left <= 0) this.#dead = true;
    if (this.#dead) throw new Error('the power is off');
    this.#left--;
    this.operations++;
  }

  #file(data: Data): LogFile {
    const syncNow = () => {
      this.#operate();
      if (this.failSync) {
        this.failSync = false;
        data.bytes = data.synced;
        throw new Error('EIO');
      }
      if (!this.ignored.has('file')) data.synced = data.bytes;
    };
    return {
      write: (bytes, at) => {
        this.#operate();
        const room = this.capacity - this.bytes;
        const fits = bytes.subarray(0, Math.max(0, room));
        const grown = Buffer.alloc(Math.max(data.bytes.length, at + fits.length));
        grown.set(data.bytes);
        grown.set(fits, at);
        data.bytes = grown;
        if (fits.length < bytes.length) throw new Error('ENOSPC');
      },
      read: (at, length) => Uint8Array.from(data.bytes.subarray(at, at + length)),
      sync: async () => syncNow(),
      syncNow,
      close: () => {},
    };
  }
}

/** The synced bytes with a part of those that were written behind them. */
function partly({ bytes, synced }: Data, part: number): Buffer {
  const same = synced.length <= bytes.length ? synced.length : 0;
  return Buffer.concat([synced, bytes.subarray(same, same + Math.floor((bytes.length - same) * part))]);
}
