/**
 * Messages from the broker that the gateway can't handle: rejected by a parser, or the cause of a defect. They are
 * counted, and kept in a folder, one JSON file each, for whoever looks for the sender. The folder has a limit; the
 * oldest files go first.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MoteError } from '../../base/index.ts';
import type { Received } from '../mqtt/index.ts';
import { queueIo } from '../queue/index.ts';

export interface DeadLettersOptions {
  /** Without it, messages are only counted. */
  dir: string | undefined;
  maxFiles: number;
  maxBytes: number;
}

/** Of a longer payload only this much is kept. */
const MAX_PAYLOAD_BYTES = 64 * 1024;
/** UTC in ms, and the digest of topic and payload. */
const NAME = /^\d{13}-[0-9a-f]{32}\.json$/;

export class DeadLetters {
  readonly #options: DeadLettersOptions;
  /** Oldest first. */
  readonly #files: { name: string; bytes: number }[];
  #bytes: number;
  #count = 0;

  /** Throws `QUEUE_IO`. */
  constructor(options: DeadLettersOptions) {
    this.#options = options;
    this.#files = options.dir === undefined ? [] : attempt(options.dir, () => list(options.dir!));
    this.#bytes = this.#files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Messages that could not be handled since the start. */
  get count(): number {
    return this.#count;
  }

  /** Counts a message that is not kept. */
  skip(): void {
    this.#count++;
  }

  /** Counts a message and keeps it, unless the same message is kept already. Throws `QUEUE_IO`. */
  put(node: string, message: Received, error: MoteError, nowMs: number): void {
    this.#count++;
    const { dir, maxFiles, maxBytes } = this.#options;
    if (dir === undefined) return;
    const { topic, properties } = message;
    const payload = message.payload.subarray(0, MAX_PAYLOAD_BYTES);
    const hash = createHash('sha256').update(`${topic}\n${message.payload.length}\n`).update(payload);
    const digest = hash.digest('hex').slice(0, 32);
    if (this.#files.some(({ name }) => name.includes(digest))) return;
    const letter = {
      time: new Date(nowMs).toISOString(),
      node,
      topic,
      contentType: properties.contentType ?? null,
      code: error.code,
      reason: error.message,
      bytes: message.payload.length,
      payload: Buffer.from(payload).toString('base64'),
    };
    const text = `${JSON.stringify(letter, null, 2)}\n`;
    const name = `${String(nowMs).padStart(13, '0')}-${digest}.json`;
    attempt(dir, () => {
      writeFileSync(join(dir, name), text, { mode: 0o600 });
      this.#files.push({ name, bytes: Buffer.byteLength(text) });
      this.#bytes += Buffer.byteLength(text);
      while (this.#files.length > maxFiles || this.#bytes > maxBytes) {
        const oldest = this.#files.shift()!;
        this.#bytes -= oldest.bytes;
        rmSync(join(dir, oldest.name), { force: true });
      }
    });
  }
}

function list(dir: string): { name: string; bytes: number }[] {
  mkdirSync(dir, { recursive: true });
  const names = readdirSync(dir).filter((name) => NAME.test(name));
  return names.sort().map((name) => ({ name, bytes: statSync(join(dir, name)).size }));
}

const attempt = <T>(dir: string, work: () => T): T =>
  queueIo(
    `The folder ${dir} of messages that can't be handled can't be written; check it, its permissions and the disk.`,
    work,
  );
