/**
 * Messages that could not be delivered, in a folder, one JSON file each. What the broker refuses for good is put here
 * before it leaves the queue, so it is written through to the medium, and only its operator deletes it: when the limit is
 * reached, such messages stay in the queue. What the broker sent and the gateway can't handle is kept for whoever looks
 * for its sender; of those the oldest go first.
 *
 * Other processes may read and delete files at any time; only one process writes them.
 */
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MoteError } from '../../base/index.ts';
import { diskFolder, type LogFolder, type Message, queueIo } from '../queue/index.ts';
import { type Direction, decodeLetter, encodeLetter, type Letter, letterOf } from './letter.ts';

export interface DeadLettersOptions {
  /** Without it, messages are only counted. */
  dir: string | undefined;
  /** What came from the broker. */
  maxFiles: number;
  maxBytes: number;
  /** What the broker refused. */
  maxRefused: number;
  maxRefusedBytes: number;
  /** For tests: a folder with faults. */
  folder?: LogFolder;
}

/** Of a longer payload from the broker only this much is kept. */
const MAX_PAYLOAD_BYTES = 64 * 1024;
/** A larger file is none of ours. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** UTC in ms, a number for the order within a millisecond, and a digest of the message; `out` is for the broker. */
const NAME = /^\d{13}-(?:\d{6}-)?([0-9a-f]{32})(-out)?\.json$/;
const DRAFT = /^\d{13}-\d{6}-[0-9a-f]{32}-out\.draft$/;

interface Kept {
  name: string;
  bytes: number;
}

export class DeadLetters {
  readonly #options: DeadLettersOptions;
  readonly #folder: LogFolder | undefined;
  /** By digest, oldest first. */
  readonly #received = new Map<string, Kept>();
  readonly #refused = new Map<string, Kept>();
  #written = 0;
  #receivedCount = 0;
  #refusedCount = 0;

  /** Throws `QUEUE_IO`. */
  constructor(options: DeadLettersOptions) {
    this.#options = options;
    const { dir, folder } = options;
    this.#folder = dir === undefined ? undefined : (folder ?? diskFolder(dir));
    if (this.#folder === undefined) return;
    const opened = this.#folder;
    this.#attempt(() => {
      for (const name of opened.list()) if (DRAFT.test(name)) opened.remove(name);
      this.#look('from-broker');
      this.#look('to-broker');
    });
  }

  /** Messages from the broker that could not be handled since the start. */
  get received(): number {
    return this.#receivedCount;
  }

  /** Messages that the broker refused for good since the start. */
  get refused(): number {
    return this.#refusedCount;
  }

  /** Counts a message from the broker that is not kept. */
  skip(): void {
    this.#receivedCount++;
  }

  /** Counts a message from the broker and keeps it, unless the same message is kept already. Throws `QUEUE_IO`. */
  put(node: string, message: Omit<Message, 'qos'>, error: MoteError, nowMs: number): void {
    this.#receivedCount++;
    const folder = this.#folder;
    if (folder === undefined) return;
    const whole = letterOf({ direction: 'from-broker', node }, message, error, nowMs);
    const letter = { ...whole, payload: message.payload.subarray(0, MAX_PAYLOAD_BYTES) };
    const digest = digestOf(letter);
    if (this.#received.has(digest)) return;
    const name = `${timeOf(letter)}-${digest}.json`;
    const bytes = Buffer.from(encodeLetter(letter));
    this.#attempt(() => {
      const file = folder.create(name);
      file.write(bytes, 0);
      file.close();
      this.#received.set(digest, { name, bytes: bytes.length });
      this.#evict(folder);
    });
  }

  /**
   * Keeps a message that the broker refused. Resolves when it is on the medium. Rejects with `DEAD_LETTERS_FULL` and
   * `QUEUE_IO`; then the message must stay where it is.
   */
  async keep(node: string, message: Omit<Message, 'qos'>, error: MoteError, nowMs: number): Promise<void> {
    const folder = this.#folder;
    if (folder !== undefined) {
      const letter = letterOf({ direction: 'to-broker', node }, message, error, nowMs);
      await this.#write(folder, letter);
    }
    this.#refusedCount++;
  }

  async #write(folder: LogFolder, letter: Letter): Promise<void> {
    const digest = digestOf(letter);
    const order = String(this.#written++ % 1e6).padStart(6, '0');
    const name = `${timeOf(letter)}-${order}-${digest}-out.json`;
    const bytes = Buffer.from(encodeLetter(letter));
    this.#attempt(() => this.#makeRoom(digest, bytes.length));
    const before = this.#refused.get(digest);
    if (before !== undefined && this.#attempt(() => folder.list().includes(before.name))) return;
    this.#refused.set(digest, { name, bytes: bytes.length });
    const draft = name.replace(/json$/, 'draft');
    try {
      const file = folder.create(draft);
      try {
        file.write(bytes, 0);
        await file.sync();
      } finally {
        file.close();
      }
      folder.rename(draft, name);
      await folder.sync();
    } catch (cause) {
      this.#refused.delete(digest);
      try {
        folder.remove(draft);
      } catch {}
      throw this.#failed(cause);
    }
  }

  /** Looks at the folder again before it refuses: its operator may have deleted files. */
  #makeRoom(digest: string, bytes: number): void {
    const { maxRefused, maxRefusedBytes } = this.#options;
    const fits = () =>
      this.#refused.has(digest) || (this.#refused.size < maxRefused && total(this.#refused) + bytes <= maxRefusedBytes);
    if (fits()) return;
    this.#look('to-broker');
    if (fits()) return;
    throw new MoteError(
      'DEAD_LETTERS_FULL',
      `${this.#options.dir} has ${this.#refused.size} messages that the broker refused, which is the maximum; messages wait until some are sent again or dropped with \`mote dead-letters\`.`,
    );
  }

  #look(direction: Direction): void {
    const { dir } = this.#options;
    const kept = direction === 'to-broker' ? this.#refused : this.#received;
    kept.clear();
    for (const name of this.#folder!.list().sort()) {
      const [, digest, out] = NAME.exec(name) ?? [];
      if (digest === undefined || (out !== undefined) !== (direction === 'to-broker')) continue;
      kept.set(digest, { name, bytes: this.#sizeOf(join(dir!, name), name) });
    }
  }

  #sizeOf(path: string, name: string): number {
    if (this.#options.folder !== undefined) return this.#options.folder.read(name).length;
    return existsSync(path) ? statSync(path).size : 0;
  }

  #evict(folder: LogFolder): void {
    const { maxFiles, maxBytes } = this.#options;
    for (const [digest, { name }] of this.#received) {
      if (this.#received.size <= maxFiles && total(this.#received) <= maxBytes) return;
      this.#received.delete(digest);
      folder.remove(name);
    }
  }

  #attempt<T>(work: () => T): T {
    return queueIo(this.#what, work);
  }

  #failed(cause: unknown): MoteError {
    return new MoteError('QUEUE_IO', this.#what, { cause });
  }

  get #what(): string {
    return `The folder ${this.#options.dir} of dead letters can't be written; check it, its permissions and the disk.`;
  }
}

/** A letter in a folder, with the name by which commands find it: the digest of the message. */
export interface StoredLetter extends Letter {
  id: string;
  /** Its name in the folder. */
  file: string;
}

/** What a folder of letters has. */
export interface LetterFolder {
  /** Oldest first. */
  letters: StoredLetter[];
  /** Of files that are no letters. */
  problems: MoteError[];
}

/** Reads the letters of a folder, also while a gateway writes to it. One that is missing is empty. Throws `QUEUE_IO`. */
export function readLetters(dir: string): LetterFolder {
  const letters: StoredLetter[] = [];
  const problems: MoteError[] = [];
  const what = `The folder ${dir} of dead letters can't be read; check it and its permissions.`;
  if (!existsSync(dir)) return { letters, problems };
  const folder = diskFolder(dir);
  for (const name of queueIo(what, () => folder.list()).sort()) {
    const [, id] = NAME.exec(name) ?? [];
    if (id === undefined) continue;
    const path = join(dir, name);
    try {
      if (statSync(path).size > MAX_FILE_BYTES)
        throw new MoteError('DEAD_LETTER', `${path} is too large for a letter.`);
      letters.push({ id, file: name, ...decodeLetter(folder.read(name), path) });
    } catch (error) {
      if (error instanceof MoteError) problems.push(error);
      // The gateway, or another command, has deleted it since.
      else if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw queueError(what, error);
    }
  }
  return { letters, problems };
}

/** Deletes a letter, if it is still there. Throws `QUEUE_IO`. */
export function dropLetter(dir: string, letter: StoredLetter): void {
  queueIo(`The folder ${dir} of dead letters can't be written; check it and its permissions.`, () =>
    diskFolder(dir).remove(letter.file),
  );
}

const queueError = (what: string, cause: unknown): MoteError => new MoteError('QUEUE_IO', what, { cause });
const total = (kept: ReadonlyMap<string, Kept>): number =>
  [...kept.values()].reduce((sum, { bytes }) => sum + bytes, 0);

const timeOf = ({ timeMs }: Letter): string => String(timeMs).padStart(13, '0');

/** The same for a message that comes again. Messages for the broker with equal contents differ in their ids. */
function digestOf({ direction, topic, bytes, payload, properties }: Letter): string {
  const hash = createHash('sha256').update(`${topic}\n${bytes}\n`);
  if (direction === 'to-broker') hash.update(`${JSON.stringify(properties.userProperties ?? {})}\n`);
  return hash.update(payload).digest('hex').slice(0, 32);
}
