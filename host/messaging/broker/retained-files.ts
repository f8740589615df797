/** Retained messages of the embedded broker on disk, one file for each topic. States and desired packages outlive the broker. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { MoteError } from '../../base/index.ts';
import {
  decodeStored,
  encodeRecord,
  encodeStored,
  type Message,
  PUT,
  parseRecords,
  type Stored,
  syncFolder,
} from '../queue/index.ts';

const SUFFIX = '.retained';

export class RetainedFiles {
  readonly #dir: string;

  /** Throws `BROKER_DATA` if the folder can't be created. */
  constructor(dir: string) {
    this.#dir = dir;
    try {
      mkdirSync(dir, { recursive: true });
    } catch (cause) {
      throw new MoteError('BROKER_DATA', `The broker can't keep its data in ${dir}; choose another folder.`, { cause });
    }
  }

  /** Stores a message; an empty payload deletes it. Durable on return; a loss of power leaves the old or the new message. */
  store(message: Message, nowMs: number): void {
    const path = join(this.#dir, `${createHash('sha256').update(message.topic).digest('hex')}${SUFFIX}`);
    if (message.payload.length === 0) {
      rmSync(path, { force: true });
      syncFolder(this.#dir);
      return;
    }
    const { expirySeconds } = message.properties;
    const expiresMs = expirySeconds === undefined ? Number.POSITIVE_INFINITY : nowMs + expirySeconds * 1000;
    const record = encodeRecord(PUT, 1, encodeStored({ message, droppable: false, expiresMs }));
    const fresh = `${path}.new`;
    const fd = openSync(fresh, 'w', 0o600);
    for (let done = 0; done < record.length; ) done += writeSync(fd, record, done);
    fsyncSync(fd);
    closeSync(fd);
    renameSync(fresh, path);
    syncFolder(this.#dir);
  }

  /**
   * Returns all messages that have not expired, with their remaining lifetimes. Skips a file that is damaged or of another version and reports
   * it with `BROKER_DATA`; the file stays until its topic gets another message.
   */
  load(nowMs: number, onProblem: (error: MoteError) => void): Message[] {
    return readdirSync(this.#dir).flatMap((name) => {
      const path = join(this.#dir, name);
      // It was not renamed, so it may be incomplete. The previous file is valid.
      if (name.endsWith(`${SUFFIX}.new`)) rmSync(path, { force: true });
      if (!name.endsWith(SUFFIX)) return [];
      let stored: Stored;
      try {
        stored = readStored(path);
      } catch (cause) {
        const text = `The retained message in ${path} is damaged or of another version, and was skipped; publish it again, or delete the file.`;
        onProblem(new MoteError('BROKER_DATA', text, { cause }));
        return [];
      }
      const { message, expiresMs } = stored;
      if (expiresMs <= nowMs) {
        rmSync(path, { force: true });
        return [];
      }
      if (expiresMs === Number.POSITIVE_INFINITY) return [message];
      const expirySeconds = Math.ceil((expiresMs - nowMs) / 1000);
      return [{ ...message, properties: { ...message.properties, expirySeconds } }];
    });
  }
}

/** Throws unless the file is one whole stored message. */
function readStored(path: string): Stored {
  const [record] = parseRecords(readFileSync(path)).records;
  if (record?.kind !== PUT) throw new Error('no whole record');
  return decodeStored(record.body);
}
