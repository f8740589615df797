/**
 * The layout of a node's flash: the agent's own store (boot count, configuration), the key-value store of the module,
 * the slots. They are separate, so a module that fills its store doesn't keep the agent from writing to its own.
 */

import type { KeyObject } from 'node:crypto';
import { NodeConstant } from '../../base/abi/index.ts';
import { dayBudget, MoteError, sentence } from '../../base/index.ts';
import { type Flash, flashRegion, KeyValueStore, MemoryFlash } from '../flash/index.ts';
import { encodeMessage, parseMessage } from '../link/index.ts';
import { encodeTrustedKeys, type Package, parsePackage, parseTrustedKeys } from '../package/index.ts';
import { type SlotLayout, SlotStore } from '../update/index.ts';

/** Pages of the stores, in this order from the start of the flash; the slots take the rest. */
export interface NodeLayout {
  /** An even number, 2 or more. */
  agentPages: number;
  /** An even number, 2 or more. */
  kvPages: number;
  /** Inside the rest; default: two equal slots. */
  slots?: SlotLayout;
}
export const DEFAULT_LAYOUT: NodeLayout = {
  agentPages: NodeConstant.agentPages,
  kvPages: NodeConstant.modulePages,
};

const BOOT = 'boot';
const CONFIG = 'config';
const ID = 'id';
const KEYS = 'keys';
const PRODUCT = 'product';
const GROUP = 'group';
/** Limit of the configuration: it is one value of the agent's store, so that it changes atomically. */
const MAX_CONFIG_BYTES = NodeConstant.configBytes;

export class NodeStorage {
  readonly kv: KeyValueStore;
  /** Null for a node that runs a module without slots. */
  readonly slots: SlotStore | null;
  /** Number of starts of this node, this one included. */
  readonly boot: number;
  readonly #agent: KeyValueStore;
  /** Changes of the configuration that are written: keys and identity are in the same pages. */
  readonly #changes = dayBudget(NodeConstant.dayConfigs);

  /** Opens the stores and counts a start. Throws `FLASH_RANGE` if the layout doesn't fit. */
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

  /** Returns the stored configuration, or null if there is none or it can't be decoded. */
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

  /**
   * Stores the configuration; durable when this returns. Throws `NODE_CONFIG` if it is too large, and the errors of the
   * flash.
   */
  saveConfig(values: Record<string, number>): void {
    const bytes = encodeMessage({ type: 'config', values });
    if (bytes.length > MAX_CONFIG_BYTES) {
      throw new MoteError('NODE_CONFIG', sentence('config_long', bytes.length));
    }
    this.#agent.set(CONFIG, bytes);
  }

  /** As `saveConfig`, for a limited number of changes a day. Throws `NODE_CONFIG` beyond it. */
  changeConfig(values: Record<string, number>, nowUs: number): void {
    const stored = this.#agent.get(CONFIG);
    const same = stored !== undefined && Buffer.compare(stored, encodeMessage({ type: 'config', values })) === 0;
    if (same) return;
    const waitUs = this.#changes.waitUs(nowUs);
    if (waitUs > 0)
      throw new MoteError('NODE_CONFIG', sentence('config_budget', NodeConstant.dayConfigs, Math.ceil(waitUs / 1e6)));
    this.saveConfig(values);
    this.#changes.spend(nowUs);
  }
}

function openSlots(flash: Flash, layout: NodeLayout): SlotStore {
  const first = layout.agentPages + layout.kvPages;
  const pages = flash.sizeBytes / flash.pageBytes;
  return SlotStore.open(flashRegion(flash, first, pages - first), layout.slots);
}

/**
 * Provisions a node: writes its first package into a slot, confirmed without a trial. Returns false and changes nothing
 * if the flash already has a module. The package isn't verified here, but by the node that boots it. Throws the errors
 * of `SlotStore.install`.
 */
export function provision(flash: Flash, sequence: number, bytes: Uint8Array, layout = DEFAULT_LAYOUT): boolean {
  if (openSlots(flash, layout).active() !== null) return false;
  install(flash, sequence, bytes, layout);
  return true;
}

/** The lowest sequence that `install` accepts on this flash. */
export function nextSequence(flash: Flash, layout = DEFAULT_LAYOUT): number {
  return openSlots(flash, layout).nextSequence;
}

/**
 * Replaces the package of a node that isn't running, confirmed without a trial. The package isn't verified here, but by
 * the node that boots it. Throws the errors of `SlotStore.install`.
 */
export function install(flash: Flash, sequence: number, bytes: Uint8Array, layout = DEFAULT_LAYOUT): void {
  openSlots(flash, layout).install(sequence, bytes);
}

/**
 * Returns the package that a node with this flash runs, or null if it has none. Throws the errors of `SlotStore.read`.
 */
export function activePackage(flash: Flash, layout = DEFAULT_LAYOUT): Uint8Array | null {
  const slots = openSlots(flash, layout);
  const active = slots.active();
  return active === null ? null : slots.read(active.slot);
}

/** As `activePackage`, parsed; also null for one that is damaged, which the node reports when it starts. */
export function runningPackage(flash: Flash, layout = DEFAULT_LAYOUT): Package | null {
  try {
    const bytes = activePackage(flash, layout);
    return bytes && parsePackage(bytes);
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    return null;
  }
}

/** The identity of a board's agent, written at provisioning, because it has no command-line options. */
export interface Identity {
  /** The node's name; null if the flash has none. */
  id: string | null;
  /** Keys whose packages it accepts. */
  publicKeys: readonly KeyObject[];
  /** Product class and group; empty or absent if the node has none. */
  product?: string;
  group?: string;
}

/** Writes the identity. Throws the errors of `encodeTrustedKeys` and of the flash. */
export function writeIdentity(flash: Flash, identity: Identity, layout = DEFAULT_LAYOUT): void {
  const agent = KeyValueStore.open(flashRegion(flash, 0, layout.agentPages));
  const keys = encodeTrustedKeys(identity.publicKeys);
  for (const [key, text] of [
    [ID, identity.id],
    [PRODUCT, identity.product],
    [GROUP, identity.group],
  ] as const)
    if (text) agent.set(key, new Uint8Array(Buffer.from(text)));
  agent.set(KEYS, keys);
}

/** Reads the identity. Throws `CBOR` or `KEY_LIST` if the keys can't be decoded. */
export function readIdentity(flash: Flash, layout = DEFAULT_LAYOUT): Required<Identity> {
  const agent = KeyValueStore.open(flashRegion(flash, 0, layout.agentPages));
  const text = (key: string) => Buffer.from(agent.get(key) ?? []).toString();
  const keys = agent.get(KEYS);
  return {
    id: text(ID) || null,
    publicKeys: keys ? parseTrustedKeys(keys) : [],
    product: text(PRODUCT),
    group: text(GROUP),
  };
}

function readU32(bytes: Uint8Array | undefined): number {
  return bytes?.length === 4 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) : 0;
}

/** Flash in memory, for a node that ends with its process. */
export function volatileFlash(): Flash {
  return new MemoryFlash({ sizeBytes: 1 << 20, pageBytes: 4096, writeBytes: 4 });
}
