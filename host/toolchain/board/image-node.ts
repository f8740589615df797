/**
 * A new node's flash as a part of its firmware's image: identity, trusted keys, first module. So one image makes a working node.
 * Formats: docs/spec/node.md, docs/spec/flash.md.
 */
import { SlotsConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import { MemoryFlash } from '../../device/flash/index.ts';
import { DEFAULT_LAYOUT, type Identity, provision, writeIdentity } from '../../device/node/index.ts';
import type { Board } from './board-json.ts';
import type { Segment } from './segments.ts';

export interface NewNode extends Identity {
  /** The package that it runs from the start; null: the first one arrives over its link. */
  first: { sequence: number; bytes: Uint8Array } | null;
}

const JOURNAL_PAGES = SlotsConstant.journalPages;

/**
 * Returns the first pages of a new node's flash. All pages of the stores and the journal are included, even erased ones, because data that
 * an older node left in one of them could take precedence over the new data. Throws `IMAGE` for a board whose flash has no address, and what
 * writing an identity and installing a package throw.
 */
export function nodeSegment({ name, flash: { origin, bytes, page, write } }: Board, node: NewNode): Segment {
  if (origin === null)
    throw new MoteError(
      'IMAGE',
      `${name} is a process: its flash is a file, which "mote run" creates; it has no image.`,
    );
  const stores = DEFAULT_LAYOUT.agentPages + DEFAULT_LAYOUT.kvPages + JOURNAL_PAGES;
  const slotPages = Math.floor((bytes / page - stores) / 2);
  const layout = { ...DEFAULT_LAYOUT, slots: { journalPages: JOURNAL_PAGES, slotPages } };
  const flash = new MemoryFlash({ sizeBytes: bytes, pageBytes: page, writeBytes: write });
  writeIdentity(flash, node, layout);
  if (node.first !== null) provision(flash, node.first.sequence, node.first.bytes, layout);
  const pages = stores + Math.ceil((node.first?.bytes.length ?? 0) / page);
  return { address: origin, bytes: flash.read(0, pages * page) };
}
