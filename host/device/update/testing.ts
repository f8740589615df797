/** Helpers for tests of the slot store: a small flash, and packages to receive. Not part of the product. */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { MoteError } from '../../base/index.ts';
import { MemoryFlash } from '../flash/index.ts';
import type { SlotStore, Transfer } from './slots.ts';

export const PAGE = 512;
/** Of the flash that `make` returns. */
export const layout = { journalPages: 2, slotPages: 3 };
export const make = (seed = 1) => new MemoryFlash({ sizeBytes: 10 * PAGE, pageBytes: PAGE, writeBytes: 8, seed });

const packages = new Map<number, Uint8Array>();
/** Bytes that depend on the sequence, with a run of 0xFF that looks like erased flash. */
export function packageBytes(sequence: number, length = 1203): Uint8Array {
  const known = packages.get(sequence);
  if (known?.length === length) return known;
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + sequence * 97 + (i >> 5)) & 0xff);
  packages.set(sequence, bytes.fill(0xff, 500, 700));
  return bytes;
}
export function transferOf(sequence: number, bytes = packageBytes(sequence)): Transfer {
  return { sequence, total: bytes.length, sha256: new Uint8Array(createHash('sha256').update(bytes).digest()) };
}
export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof MoteError) return error.code;
    throw error;
  }
  return 'none';
}
export function receive(store: SlotStore, sequence: number, chunk = 450): void {
  const bytes = packageBytes(sequence);
  do {
    let { received } = store.begin(transferOf(sequence));
    while (received < bytes.length) received = store.append(received, bytes.subarray(received, received + chunk));
  } while (store.finish() === null);
}
export function trial(store: SlotStore, sequence: number): void {
  receive(store, sequence);
  store.startTrial();
  expect(store.boot()?.sequence).toBe(sequence);
}
/** Why a trial failed. */
export const reason = { code: 'TRAP_FUEL', text: 'The module ran out of fuel in step.' };
