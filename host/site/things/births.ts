/**
 * The last birth of each node, kept in the registry: raw messages are deleted at some time, and a node may not connect
 * anew for longer than that.
 */
import { MoteError } from '../../base/index.ts';
import { decodeState } from '../../messaging/topics/index.ts';
import type { RawMessage } from '../model/index.ts';
import { type Registry, writeSetting } from '../store/index.ts';
import type { NodeBirth } from './thing.ts';

export interface KnownBirth {
  readonly birth: NodeBirth;
  /** UTC microseconds. */
  readonly bornUs: number;
}

const MAX_NODES = 100_000;
const FRONT = 'birth/';

export class Births {
  readonly #registry: Registry;
  readonly #front: string;
  readonly #known = new Map<string, KnownBirth>();
  /** By node: what isn't in the registry yet. */
  #unwritten = new Map<string, string>();
  #writing: Promise<void> | undefined;

  private constructor(registry: Registry, namespace: string) {
    this.#registry = registry;
    this.#front = `${namespace}/d/`;
  }

  static async open(registry: Registry, namespace: string): Promise<Births> {
    const births = new Births(registry, namespace);
    const rows = await registry.query('SELECT key, value FROM settings WHERE key >= $1 AND key < $2', [
      FRONT,
      'birth0',
    ]);
    for (const { key, value } of rows) {
      const [bornUs = '', payload = ''] = String(value).split(' ');
      births.#take(String(key).slice(FRONT.length), Number(bornUs), Buffer.from(payload, 'hex'));
    }
    return births;
  }

  /** In the order of their names. */
  get nodes(): string[] {
    return [...this.#known.keys()].sort();
  }

  of(node: string): KnownBirth | undefined {
    return this.#known.get(node);
  }

  /** Takes a message if it is a birth. What is no birth is left to the decoder to refuse. */
  see({ topic, payload, receivedUs }: RawMessage): void {
    if (!topic.startsWith(this.#front) || !topic.endsWith('/s')) return;
    const node = topic.slice(this.#front.length, -'/s'.length);
    if (node === '' || node.includes('/') || !this.#take(node, receivedUs, payload)) return;
    this.#unwritten.set(node, `${receivedUs} ${Buffer.from(payload).toString('hex')}`);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  #take(node: string, bornUs: number, payload: Uint8Array): boolean {
    if (!this.#known.has(node) && this.#known.size >= MAX_NODES) return false;
    try {
      const { birth } = decodeState(payload);
      if (birth === null) return false;
      // As the decoder names the series.
      const metrics = birth.metrics.map((metric) => ({ ...metric, name: metric.name.normalize('NFC') }));
      this.#known.set(node, { birth: { ...birth, metrics }, bornUs });
      return true;
    } catch (error) {
      if (error instanceof MoteError) return false;
      throw error;
    }
  }

  /** All that came meanwhile in one transaction. A failure is tried again with the next birth. */
  async #write(): Promise<void> {
    while (this.#unwritten.size > 0) {
      const due = this.#unwritten;
      this.#unwritten = new Map();
      try {
        await this.#registry.transaction(async (sql) => {
          for (const [node, value] of due) await writeSetting(sql, FRONT + node, value);
        });
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
        for (const [node, value] of due) if (!this.#unwritten.has(node)) this.#unwritten.set(node, value);
        return;
      }
    }
  }

  async close(): Promise<void> {
    await this.#writing;
  }
}
