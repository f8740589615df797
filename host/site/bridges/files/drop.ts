/**
 * A folder of a site: files that appear in it become messages, each once, and go to its folder `done`. What can't be
 * read goes to `failed`, with the reason in a file beside it. The parts of a file are CloudEvents whose ids come from
 * its bytes, so the store knows those that it has when a killed site reads the file again.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Clock, isWireText, MoteError } from '../../../base/index.ts';
import { isTopicName } from '../../../messaging/mqtt/index.ts';
import type { Message } from '../../../messaging/queue/index.ts';
import { partsOf } from './parts.ts';

/** What the folder needs of its site. */
export interface FileDropSeam {
  readonly clock: Clock;
  /** Resolves when the message is durable. Throws `STORE_MESSAGE` for one that nobody can store. */
  take(message: Pick<Message, 'topic' | 'payload' | 'properties'>): Promise<void>;
  /** What was kept by `keep`, also before a crash. */
  kept(): Promise<string | undefined>;
  keep(value: string): Promise<void>;
  onProblem(error: MoteError): void;
  onFile(path: string, messages: number): void;
}

/** Since the start. */
export interface FileDropStatus {
  readonly done: number;
  readonly failed: number;
  readonly messages: number;
}

const SCAN_MS = 2000;
/** Folders below the folder. */
const MAX_DEPTH = 8;
/** Files that one scan looks at. */
const MAX_FILES = 10_000;
/** Parts that become durable together; then how far the file is is kept. Far fewer than the store knows again. */
const TOGETHER = { parts: 1000, bytes: 4 * 1024 * 1024 };
const DONE = 'done';
const FAILED = 'failed';
/** Names that programs give to files that they still write. */
const UNFINISHED = /^\.|~$|\.(tmp|temp|part|partial|crdownload)$/i;

export class FileDrop {
  readonly #folder: string;
  readonly #seam: FileDropSeam;
  /** Size and time of change of each file at the last scan. */
  #known = new Map<string, string>();
  /** Files that could not be taken now, with the version and the reason that was reported. */
  readonly #reported = new Map<string, string>();
  #done = 0;
  #failed = 0;
  #messages = 0;
  #closed = false;
  #cancel: () => void = () => {};
  #scanning: Promise<void> = Promise.resolve();

  private constructor(folder: string, seam: FileDropSeam) {
    this.#folder = folder;
    this.#seam = seam;
  }

  /** Makes the folder and begins. Throws `FILE`. */
  static start(folder: string, seam: FileDropSeam): FileDrop {
    try {
      for (const name of [DONE, FAILED]) mkdirSync(join(folder, name), { recursive: true });
    } catch (cause) {
      throw new MoteError('FILE', `The folder of files ${folder} can't be made: ${(cause as Error).message}.`, {
        cause,
      });
    }
    const drop = new FileDrop(folder, seam);
    drop.#later();
    return drop;
  }

  get status(): FileDropStatus {
    return { done: this.#done, failed: this.#failed, messages: this.#messages };
  }

  /** Resolves when the scan that runs has ended. */
  settled(): Promise<void> {
    return this.#scanning;
  }

  /** Ends behind the part that is being stored. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#scanning;
  }

  #later(): void {
    if (this.#closed) return;
    this.#cancel = this.#seam.clock.after(SCAN_MS, () => {
      this.#scanning = this.#scan().then(() => this.#later());
    });
  }

  /** Takes the files that are as they were at the last scan: those that somebody writes still change. */
  async #scan(): Promise<void> {
    const found = new Map<string, string>();
    try {
      this.#find('', 0, found);
    } catch (cause) {
      this.#report(
        '',
        '',
        new MoteError('FILE', `The folder ${this.#folder}: ${(cause as Error).message}.`, { cause }),
      );
    }
    const known = this.#known;
    this.#known = found;
    for (const name of [...this.#reported.keys()]) if (name !== '' && !found.has(name)) this.#reported.delete(name);
    for (const [name, version] of found) {
      if (this.#closed) return;
      if (known.get(name) === version) await this.#take(name, version);
    }
  }

  /** Names relative to the folder, with `/`, in order. */
  #find(below: string, depth: number, found: Map<string, string>): void {
    const entries = readdirSync(join(this.#folder, below), { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (found.size >= MAX_FILES) return;
      if (UNFINISHED.test(entry.name) || (depth === 0 && [DONE, FAILED].includes(entry.name))) continue;
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory() && depth < MAX_DEPTH) this.#find(name, depth + 1, found);
      // A link could lead to any file of this machine.
      if (!entry.isFile()) continue;
      const { size, mtimeMs, ino } = lstatSync(join(this.#folder, name));
      found.set(name, `${ino} ${size} ${mtimeMs}`);
    }
  }

  async #take(name: string, version: string): Promise<void> {
    try {
      const messages = await this.#store(name);
      if (messages === null) return;
      this.#done++;
      this.#move(name, DONE);
      this.#seam.onFile(name, messages);
      this.#reported.delete(name);
    } catch (error) {
      if (!(error instanceof MoteError)) {
        this.#report(
          name,
          version,
          new MoteError('SITE_FILE', `${name}: ${(error as Error).message}`, { cause: error }),
        );
        return;
      }
      // Another time, such as when the disk has room again.
      if (error.code !== 'SITE_FILE' && error.code !== 'STORE_MESSAGE') {
        this.#report(name, version, error);
        return;
      }
      this.#failed++;
      const at = this.#move(name, FAILED);
      writeFileSync(`${at}.reason.txt`, `${error.message}\n`);
      this.#seam.onProblem(new MoteError('SITE_FILE', `${name} is in ${FAILED}: ${error.message}`, { cause: error }));
    }
  }

  /** Returns the number of messages; null if the site ends before the file does. */
  async #store(name: string): Promise<number | null> {
    const topic = `file/${name}`;
    if (!isTopicName(topic) || !isWireText(topic) || topic.length > 1024)
      throw new MoteError('SITE_FILE', 'The name of a file has at most 1000 characters, and neither + nor #.');
    const path = join(this.#folder, name);
    const digest = await digestOf(path);
    const before = noteOf(await this.#seam.kept());
    const skip = before.digest === digest ? before.parts : 0;
    let count = 0;
    let pending: Promise<void>[] = [];
    let bytes = 0;
    const failures: unknown[] = [];
    const settle = async () => {
      await Promise.all(pending);
      if (failures.length > 0) throw failures[0];
      this.#messages += pending.length;
      pending = [];
      bytes = 0;
      await this.#seam.keep(JSON.stringify({ digest, parts: count }));
    };
    for await (const { contentType, payload } of partsOf(path)) {
      if (this.#closed) break;
      const id = `${digest}-${count++}`;
      if (count <= skip) continue;
      const userProperties = { specversion: '1.0', id, source: '/file', type: 'file.part' };
      const stored = this.#seam.take({ topic, payload, properties: { contentType, userProperties } });
      pending.push(stored.catch((error: unknown) => void failures.push(error)));
      bytes += payload.length;
      if (pending.length >= TOGETHER.parts || bytes >= TOGETHER.bytes || failures.length > 0) await settle();
    }
    await settle();
    return this.#closed ? null : count;
  }

  /** Returns the path where it is now; a file of that name stays. */
  #move(name: string, folder: string): string {
    const wanted = join(this.#folder, folder, name);
    mkdirSync(dirname(wanted), { recursive: true });
    let path = wanted;
    for (let i = 2; existsSync(path); i++) path = join(dirname(wanted), `${i}-${basename(wanted)}`);
    renameSync(join(this.#folder, name), path);
    return path;
  }

  /** Once for each reason and version of a file. */
  #report(name: string, version: string, error: MoteError): void {
    const what = `${version} ${error.message}`;
    if (this.#reported.get(name) === what) return;
    this.#reported.set(name, what);
    this.#seam.onProblem(error);
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

function noteOf(text: string | undefined): { digest: string; parts: number } {
  return text === undefined ? { digest: '', parts: 0 } : (JSON.parse(text) as { digest: string; parts: number });
}
