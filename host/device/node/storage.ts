/**
 * What a node keeps in flash, and where: the agent's own store (starts, configuration), the module's key-value store, the slots.
 * They are parts of their own so that a module that fills its store can't stop the agent from keeping its own.
 */

import type { KeyObject } from 'node:crypto';
import { MoteError } from '../../base/index.ts';
import { type Flash, flashRegion, KeyValueStore, MemoryFlash } from '../flash/index.ts';
import { encodeMessage, parseMessage } from '../link/index.ts';
import { encodeTrustedKeys, parseTrustedKeys } from '../package/index.ts';
import { type SlotLayout, SlotStore } from '../update/index.ts';

/** Pages, in this order from the start of the flash; the slots take the rest. */
export interface NodeLayout {
  /** 2 or more, even. */
  agentPages: number;
  /** 2 or more, even. */
  kvPages: number;
  /** Inside the rest; default: two equal slots. */
  slots?: SlotLayout;
}
export const DEFAULT_LAYOUT: NodeLayout = { agentPages: 2, kvPages: 4 };

const BOOT = 'boot';
const CONFIG = 'config';
const ID = 'id';
const KEYS = 'keys';
/** One value of the agent's store holds the whole configuration, so that it changes as a whole. */
const MAX_CONFIG_BYTES = 1024;

export class NodeStorage {
  readonly kv: KeyValueStore;
  /** Null for a node that runs a module without slots. */
  readonly slots: SlotStore | null;
  /** Starts of this node, this one included. */
  readonly boot: number;
  readonly #agent: KeyValueStore;

  /** Counts a start. Throws `FLASH_RANGE` when the layout doesn't fit. */
  constructor(flash: Flash, layout: NodeLayout, withSlots: boolean) {
    const { agentPages, kvPages } = layout;
    this.#agent = KeyValueStore.open(flashRegion(flash, 0, agentPages));
    this.kv = KeyValueStore.open(flashRegion(flash, agentPages, kvPages));
    this.slots = withSlots ? openSlots(flash, layout) : null;
    this.boot = (readU32(this.#agent.get(BOOT)) + 1) >>> 0;
    const count = new Uint8Array(4);
    new DataView(count.buffer).setUint32(0, this.boot, true);
    this.#agent.set(BOOT, count);
  }

  /** The configuration that was stored, null when there is none or it can't be read. */
  loadConfig(): Record<string, number> | null {
    const bytes = this.#agent.get(CONFIG);
    if (bytes === undefined) return null;
    try {
      const message = parseMessage(bytes);
      return message.type === 'config' ? message.values : null;
    } catch (error) {
      if (error instanceof MoteError) return null;
      throw error;
    }
  }

  /** Durable when this returns. Throws `NODE_CONFIG` when it is too large, and what the flash throws. */
  saveConfig(values: Record<string, number>): void {
    const bytes = encodeMessage({ type: 'config', values });
    if (bytes.length > MAX_CONFIG_BYTES) {
      throw new MoteError(
        'NODE_CONFIG',
        `The configuration takes ${bytes.length} bytes; ${MAX_CONFIG_BYTES} is the most. Use fewer or shorter settings.`,
      );
    }
    this.#agent.set(CONFIG, bytes);
  }
}

function openSlots(flash: Flash, layout: NodeLayout): SlotStore {
  const first = layout.agentPages + layout.kvPages;
  const pages = flash.sizeBytes / flash.pageBytes;
  return SlotStore.open(flashRegion(flash, first, pages - first), layout.slots);
}

/**
 * Sets a node up: puts its first package into a slot, confirmed without a trial. A flash that has a module keeps it, and this
 * gives false. Trusts the package; the node that boots it doesn't. Throws what `SlotStore.install` throws.
 */
export function provision(flash: Flash, sequence: number, bytes: Uint8Array, layout = DEFAULT_LAYOUT): boolean {
  const slots = openSlots(flash, layout);
  if (slots.active() !== null) return false;
  slots.install(sequence, bytes);
  return true;
}

/** The package that a node with this flash runs, null when it has none. Throws what `SlotStore.read` throws. */
export function activePackage(flash: Flash, layout = DEFAULT_LAYOUT): Uint8Array | null {
  const slots = openSlots(flash, layout);
  const active = slots.active();
  return active === null ? null : slots.read(active.slot);
}

/** What a board's agent is told at provisioning, because nobody starts it with options. */
export interface Identity {
  /** The node's name; null for a flash that has none. */
  id: string | null;
  /** Keys whose packages it runs. */
  publicKeys: readonly KeyObject[];
}

/** Throws what `encodeTrustedKeys` and the flash throw. */
export function writeIdentity(flash: Flash, identity: Identity, layout = DEFAULT_LAYOUT): void {
  const agent = KeyValueStore.open(flashRegion(flash, 0, layout.agentPages));
  const keys = encodeTrustedKeys(identity.publicKeys);
  if (identity.id !== null) agent.set(ID, new Uint8Array(Buffer.from(identity.id)));
  agent.set(KEYS, keys);
}

/** Throws `CBOR` or `KEY_LIST` when the keys can't be read. */
export function readIdentity(flash: Flash, layout = DEFAULT_LAYOUT): Identity {
  const agent = KeyValueStore.open(flashRegion(flash, 0, layout.agentPages));
  const [id, keys] = [agent.get(ID), agent.get(KEYS)];
  return { id: id ? Buffer.from(id).toString() : null, publicKeys: keys ? parseTrustedKeys(keys) : [] };
}

function readU32(bytes: Uint8Array | undefined): number {
  return bytes?.length === 4 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) : 0;
}

/** For a node that needn't outlive its process. */
export function volatileFlash(): Flash {
  return new MemoryFlash({ sizeBytes: 1 << 20, pageBytes: 4096, writeBytes: 4 });
}
