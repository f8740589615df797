/** Retained messages of the embedded broker on disk, one file a topic, so that states and desired packages outlive it. */
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
import { MoteError } from '../error.ts';
import { encodeRecord, PUT, parseSegment } from './mqtt/segment.ts';
import { decodeStored, encodeStored } from './mqtt/stored.ts';
import type { Message } from './mqtt/types.ts';

const SUFFIX = '.retained';

export class RetainedFiles {
  readonly #dir: string;

  /** Throws `BROKER_DATA` when the folder can't be made. */
  constructor(dir: string) {
    this.#dir = dir;
    try {
      mkdirSync(dir, { recursive: true });
    } catch (cause) {
      throw new MoteError('BROKER_DATA', `The broker can't keep its data in ${dir}; choose another folder.`, { cause });
    }
  }

  /** Stores, or with an empty payload forgets. Durable on return; a power cut leaves the old or the new one. */
  store(message: Message, nowMs: number): void {
    const path = join(this.#dir, `${createHash('sha256').update(message.topic).digest('hex')}${SUFFIX}`);
    if (message.payload.length === 0) {
      rmSync(path, { force: true });
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
  }

  /** All that is not expired, with the lifetime that is left. Damaged files are skipped and deleted. */
  load(nowMs: number): Message[] {
    return readdirSync(this.#dir).flatMap((name) => {
      const path = join(this.#dir, name);
      const record = name.endsWith(SUFFIX) ? parseSegment(readFileSync(path)).records[0] : undefined;
      const stored = record && decodeStored(record.body);
      if (stored === undefined || stored.expiresMs <= nowMs) {
        if (name.endsWith(SUFFIX) || name.endsWith(`${SUFFIX}.new`)) rmSync(path, { force: true });
        return [];
      }
      const { message, expiresMs } = stored;
      if (expiresMs === Number.POSITIVE_INFINITY) return [message];
      const expirySeconds = Math.ceil((expiresMs - nowMs) / 1000);
      return [{ ...message, properties: { ...message.properties, expirySeconds } }];
    });
  }
}
