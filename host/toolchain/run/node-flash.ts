/** The flash file of a board's node: what it holds of an earlier run, and how a new node is written into it. */
import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../base/index.ts';
import { FileFlash, type Flash, flashRegion, KeyValueStore } from '../../device/flash/index.ts';
import { encodeMessage } from '../../device/link/index.ts';
import { DEFAULT_LAYOUT, provision, readIdentity, runningPackage, writeIdentity } from '../../device/node/index.ts';
import type { Package } from '../../device/package/index.ts';
import { isNodeId } from '../../messaging/topics/index.ts';
import type { Board, NewNode } from '../board/index.ts';

/** The flash's file in a node's folder. */
const FLASH = 'flash.bin';

/** A node that an earlier run has left in a folder. */
export interface StoredNode {
  id: string;
  publicKeys: readonly KeyObject[];
  /** Product class and group; empty for none. */
  product: string;
  group: string;
  /** The package that it runs; null when there is none, or none that can be read. */
  running: Package | null;
}

/** Null for a folder without a node that was set up. Creates the folder. Throws `FILE`, and what opening a flash throws. */
export function storedNode(board: Board, folder: string): StoredNode | null {
  makeFolder(folder, '--dir');
  const path = join(folder, FLASH);
  if (!existsSync(path)) return null;
  const flash = openFlash(board, path);
  try {
    const identity = identityOf(flash);
    return identity && { ...identity, running: runningPackage(flash) };
  } finally {
    flash.close();
  }
}

/** Null unless the flash was set up completely. */
function identityOf(flash: Flash): Omit<StoredNode, 'running'> | null {
  const { id, publicKeys, product, group } = readIdentity(flash);
  return id !== null && isNodeId(id) && publicKeys.length > 0 ? { id, publicKeys, product, group } : null;
}

function openFlash(board: Board, path: string): FileFlash {
  const { bytes: sizeBytes, page: pageBytes, write: writeBytes } = board.flash;
  return FileFlash.open(path, { sizeBytes, pageBytes, writeBytes });
}

/**
 * Writes a node into the flash of `folder`. A flash that was set up before keeps its identity, and its module unless it has none.
 * `config` null keeps the settings.
 */
export function setUpFlash(
  board: Board,
  folder: string,
  { first, ...identity }: NewNode & { id: string },
  config: Record<string, number> | null,
): void {
  const flash = openFlash(board, join(folder, FLASH));
  try {
    if (identityOf(flash) === null) writeIdentity(flash, identity);
    if (first !== null) provision(flash, first.sequence, first.bytes);
    if (config === null) return;
    const agent = KeyValueStore.open(flashRegion(flash, 0, DEFAULT_LAYOUT.agentPages));
    agent.set('config', encodeMessage({ type: 'config', values: config }));
  } finally {
    flash.close();
  }
}
