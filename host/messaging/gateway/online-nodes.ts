/**
 * The nodes that the broker holds as online because of this gateway, in a file: after the end of the process the next run
 * publishes those that don't return as offline. The file has a line for each change, `+NODE` or `-NODE`.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { queueIo } from '../queue/index.ts';
import { isNodeId } from '../topics/index.ts';

/** No node has a name with a dot, so that this is none of the folders that version 0.1.0 made. */
const NAME = 'online.txt';
/** Lines that say nothing any more, before the file is written anew. */
const MAX_STALE = 1000;

export class OnlineNodes {
  readonly #path: string;
  readonly #nodes = new Set<string>();
  #lines = 0;

  /** Reads the nodes of the run before. Throws `QUEUE_IO`. */
  constructor(dir: string) {
    this.#path = join(dir, NAME);
    const text = attempt(this.#path, () => (existsSync(this.#path) ? readFileSync(this.#path, 'utf8') : ''));
    // What follows the last line break was torn by the end of the process.
    for (const line of text.split('\n').slice(0, -1)) {
      const node = line.slice(1);
      if (!isNodeId(node)) continue;
      if (line[0] === '+') this.#nodes.add(node);
      else this.#nodes.delete(node);
    }
    this.#rewrite();
  }

  names(): string[] {
    return [...this.#nodes];
  }

  /** Throws `QUEUE_IO`. */
  set(node: string, online: boolean): void {
    if (this.#nodes.has(node) === online) return;
    if (online) this.#nodes.add(node);
    else this.#nodes.delete(node);
    this.#lines++;
    if (this.#lines > 2 * this.#nodes.size + MAX_STALE) this.#rewrite();
    else attempt(this.#path, () => appendFileSync(this.#path, `${online ? '+' : '-'}${node}\n`));
  }

  #rewrite(): void {
    const fresh = `${this.#path}.new`;
    attempt(this.#path, () => {
      writeFileSync(fresh, [...this.#nodes].map((node) => `+${node}\n`).join(''), { mode: 0o600 });
      renameSync(fresh, this.#path);
    });
    this.#lines = this.#nodes.size;
  }
}

const attempt = <T>(path: string, work: () => T): T =>
  queueIo(`${path} can't be read or written; check the folder, its permissions and the disk.`, work);
