/**
 * NOR flash in a file: the storage of a simulated node or a gateway between runs. One header block, then the bytes of
 * the flash; format: docs/spec/flash.md. One process at a time can open it.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type Lock, MoteError, tryLock } from '../../base/index.ts';
import type { Flash } from './flash.ts';
import { checkGeometry, checkPage, checkProgram, checkRange, type FlashGeometry } from './nor.ts';

/** The header fills a block of its own, so the pages of the flash stay aligned with those of the file system. */
const HEADER_BYTES = 4096;

export class FileFlash implements Flash {
  readonly sizeBytes: number;
  readonly pageBytes: number;
  readonly writeBytes: number;
  readonly #path: string;
  readonly #file: number;
  readonly #image: Uint8Array;
  readonly #lock: Lock;

  private constructor(path: string, geometry: Required<FlashGeometry>, file: number, image: Uint8Array, lock: Lock) {
    this.sizeBytes = geometry.sizeBytes;
    this.pageBytes = geometry.pageBytes;
    this.writeBytes = geometry.writeBytes;
    this.#path = path;
    this.#file = file;
    this.#image = image;
    this.#lock = lock;
  }

  /**
   * Opens a flash file, or creates an erased one; a new file gets its name only when it is complete. Throws
   * `FLASH_FILE` if the file is no flash, is truncated or has another geometry, `FLASH_BUSY` while it is open
   * elsewhere, and `FLASH_IO` if it can't be read or written.
   */
  static open(path: string, geometry: FlashGeometry): FileFlash {
    const whole = checkGeometry(geometry);
    const lock = takeLock(path);
    try {
      return FileFlash.#open(path, whole, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  static #open(path: string, whole: Required<FlashGeometry>, lock: Lock): FileFlash {
    const header = encodeHeader(whole);
    if (!io(path, () => existsSync(path))) create(path, header, whole.sizeBytes);
    const bytes = io(path, () => readFileSync(path));
    const found = bytes.subarray(0, HEADER_BYTES);
    if (!found.subarray(0, MAGIC.length).equals(MAGIC))
      throw new MoteError(
        'FLASH_FILE',
        `${path} isn't a moteware flash file: choose another file, or move this one away.`,
      );
    if (bytes.length !== HEADER_BYTES + whole.sizeBytes || !found.equals(header))
      throw new MoteError(
        'FLASH_FILE',
        `${path} is a flash of another size, or truncated: it has ${bytes.length} bytes and '${describe(found)}', but the layout requires ${HEADER_BYTES + whole.sizeBytes} and '${describe(header)}'. Open it with the layout that created it, or move it away.`,
      );
    const file = io(path, () => openSync(path, 'r+'));
    return new FileFlash(path, whole, file, new Uint8Array(bytes.subarray(HEADER_BYTES)), lock);
  }

  read(address: number, length: number): Uint8Array {
    checkRange(this, address, length);
    return this.#image.slice(address, address + length);
  }

  program(address: number, bytes: Uint8Array): void {
    checkRange(this, address, bytes.length);
    checkProgram(this, address, bytes, this.#image.subarray(address, address + bytes.length));
    this.#write(address, bytes);
  }

  erase(page: number): void {
    checkPage(this, page);
    this.#write(page * this.pageBytes, new Uint8Array(this.pageBytes).fill(0xff));
  }

  sync(): void {
    io(this.#path, () => fdatasyncSync(this.#file));
  }

  close(): void {
    io(this.#path, () => closeSync(this.#file));
    this.#lock.release();
  }

  #write(address: number, bytes: Uint8Array): void {
    io(this.#path, () => writeAll(this.#file, bytes, HEADER_BYTES + address));
    this.#image.set(bytes, address);
  }
}

/** Locks the file by its real path, so that a symbolic link doesn't bypass the lock. */
function takeLock(path: string): Lock {
  const lock = io(path, () => tryLock(`${existsSync(path) ? realpathSync(path) : path}.lock`));
  if (lock.taken) return lock;
  throw new MoteError('FLASH_BUSY', `The flash file ${path} is in use: ${lock.holder}.`);
}

const MAGIC = Buffer.from('moteware flash 1\n');

function encodeHeader(geometry: Required<FlashGeometry>): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const { sizeBytes, pageBytes, writeBytes } = geometry;
  header.write(`${MAGIC.toString()}size ${sizeBytes} page ${pageBytes} write ${writeBytes}\n`);
  return header;
}

/** The second line of the header, for an error message; unprintable bytes become question marks. */
function describe(header: Buffer): string {
  const line =
    header
      .subarray(MAGIC.length, MAGIC.length + 64)
      .toString('latin1')
      .split('\n')[0] ?? '';
  return line.replaceAll(/[^ -~]/g, '?');
}

function create(path: string, header: Buffer, sizeBytes: number): void {
  const partial = `${path}.${process.pid}.new`;
  io(path, () => {
    try {
      const file = openSync(partial, 'wx');
      try {
        writeAll(file, header, 0);
        writeAll(file, new Uint8Array(sizeBytes).fill(0xff), HEADER_BYTES);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(partial, path);
    } finally {
      rmSync(partial, { force: true });
    }
    const folder = openSync(dirname(path), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  });
}

function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, position + done);
}

function io<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MoteError(
      'FLASH_IO',
      `The flash file ${path} can't be read or written (${why}); check the path, its permissions and the disk.`,
      {
        cause,
      },
    );
  }
}
