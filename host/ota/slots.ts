/** Two slots and a journal. */
import { MoteError } from '../error.ts';
import type { Flash } from '../flash/flash.ts';
import type { SlotState } from '../link/messages.ts';

const unbuilt = (): never => {
  throw new MoteError('UNBUILT', 'Not built yet.');
};

export interface SlotLayout {
  /** Pages of the journal, at the region's start: even, 2 or more. */
  journalPages: number;
  /** Pages of each of the two slots that follow. */
  slotPages: number;
}

export interface Reason {
  code: string;
  text: string;
}

export interface SlotInfo {
  slot: 0 | 1;
  state: SlotState;
  sequence: number;
  sha256: Uint8Array;
  /** Bytes of the whole package. */
  total: number;
  /** Why it failed; only in state `failed`. */
  reason?: Reason;
}

export interface Transfer {
  sha256: Uint8Array;
  sequence: number;
  total: number;
}

/** All changes are durable when the call returns. */
export class SlotStore {
  /** Without a layout: two journal pages and the rest halved. Never throws for what the flash holds. */
  static open(_flash: Flash, _layout?: SlotLayout): SlotStore {
    return unbuilt();
  }
  /** Largest package that fits. */
  readonly slotBytes: number = 0;
  /** Highest sequence ever confirmed; 0 when none was. */
  get highestSequence(): number {
    return unbuilt();
  }
  /** Both slots as they are. */
  slots(): [SlotInfo, SlotInfo] {
    return unbuilt();
  }
  /** What `boot` would return now. Records nothing. */
  active(): SlotInfo | null {
    return unbuilt();
  }
  /**
   * Call at the node's start and after `startTrial`: what to run now. A trial's one and only boot is recorded before this
   * returns it; a trial that was booted before and never confirmed is `failed` (TRIAL_INTERRUPTED) and the old slot returned.
   */
  boot(): SlotInfo | null {
    return unbuilt();
  }
  /** The last failed trial, for the report after a roll-back. */
  lastFailure(): SlotInfo | null {
    return unbuilt();
  }
  /**
   * Starts or resumes a transfer. Throws OTA_ROLLBACK (sequence not above `highestSequence`), OTA_FAILED_BEFORE,
   * OTA_TOO_LARGE, OTA_BUSY (a trial is under way), OTA_FORMAT.
   */
  begin(_transfer: Transfer): { slot: 0 | 1; received: number } {
    return unbuilt();
  }
  /** The transfer under way, or null. */
  transfer(): (Transfer & { received: number }) | null {
    return unbuilt();
  }
  /** Takes bytes in order; repeated ones are ignored. Returns `received`. Throws OTA_GAP, OTA_TOO_LARGE, OTA_STATE. */
  append(_offset: number, _bytes: Uint8Array): number {
    return unbuilt();
  }
  /** Checks the digest and makes the slot `ready`; a wrong one empties it and throws OTA_DIGEST. */
  finish(): SlotInfo {
    return unbuilt();
  }
  /** Forgets what was received or is ready (a bad signature, say), without holding it against the sequence. */
  discard(): void {
    unbuilt();
  }
  /** Package bytes of a slot in state ready, trial or confirmed, digest checked; throws OTA_STATE, OTA_DIGEST. */
  read(_slot: 0 | 1): Uint8Array {
    return unbuilt();
  }
  /** The swap: ready -> trial in one journal record. Then `boot()`. */
  startTrial(): void {
    unbuilt();
  }
  /** The booted trial is good: it is the confirmed one, `highestSequence` rises. Throws OTA_STATE without one. */
  confirm(): void {
    unbuilt();
  }
  /** The trial failed: the old slot is active, the sequence won't be taken again. */
  fail(_reason: Reason): void {
    unbuilt();
  }
  /** Factory: puts a package into a slot as the confirmed one, in one call. */
  install(_sequence: number, _bytes: Uint8Array): SlotInfo {
    return unbuilt();
  }
}
