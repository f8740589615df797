/**
 * The folder of a durable log, and the file operations that it needs. A test has one that loses what wasn't synced, as a
 * power cut does.
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface LogFile {
  /** Writes all bytes at `at`; throws when the disk is full. */
  write(bytes: Uint8Array, at: number): void;
  /** Returns fewer bytes than `length` at the end of the file. */
  read(at: number, length: number): Uint8Array;
  /** Resolves when all that was written is on the medium. */
  sync(): Promise<void>;
  syncNow(): void;
  close(): void;
}

export interface LogFolder {
  /** Names of files in it. Creates the folder. */
  list(): string[];
  read(name: string): Uint8Array;
  create(name: string): LogFile;
  /** An existing file, for reading. */
  open(name: string): LogFile;
  /** Replaces `to`. */
  rename(from: string, to: string): void;
  remove(name: string): void;
  /** Resolves when the names of new and renamed files are on the medium. */
  sync(): Promise<void>;
  syncNow(): void;
}

const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);

class DiskFile implements LogFile {
  #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done, bytes.length - done, at + done);
  }

  read(at: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, readSync(this.#fd, bytes, 0, length, at));
  }

  sync(): Promise<void> {
    return syncData(this.#fd);
  }

  syncNow(): void {
    fdatasyncSync(this.#fd);
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** Syncs a folder. A new file's name survives a loss of power only after that. */
export function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function diskFolder(dir: string): LogFolder {
  return {
    list() {
      mkdirSync(dir, { recursive: true });
      return readdirSync(dir);
    },
    read: (name) => readFileSync(join(dir, name)),
    create: (name) => new DiskFile(openSync(join(dir, name), 'w+', 0o600)),
    open: (name) => new DiskFile(openSync(join(dir, name), 'r')),
    rename: (from, to) => renameSync(join(dir, from), join(dir, to)),
    remove: (name) => rmSync(join(dir, name), { force: true }),
    sync() {
      const fd = openSync(dir, 'r');
      return syncAll(fd).finally(() => closeSync(fd));
    },
    syncNow: () => syncFolder(dir),
  };
}
