/**
 * Over-the-air updates on the node, without time and modules: `UpdateReceiver` takes packages in, and the slots record
 * the trial of a package and how it ends.
 */
import type { Chunk, Offer, OtaStatus } from '../link/index.ts';
import { openPackage, type Package, verifyHead } from '../package/index.ts';
import { type Reason, type SlotInfo, type SlotStore, UpdateReceiver } from '../update/index.ts';
import { type VerifyOptions, verifyPackage } from './verify.ts';

export interface UpdateOptions extends Omit<VerifyOptions, 'highestSequence'> {
  slots: SlotStore;
  nowUs: () => number;
}

export class Updates {
  readonly #options: UpdateOptions;
  readonly #receiver: UpdateReceiver;

  constructor(options: UpdateOptions) {
    this.#options = options;
    this.#receiver = new UpdateReceiver({
      slots: options.slots,
      nowUs: options.nowUs,
      verifyHead: (bytes, offer) => verifyHead(bytes, offer, options.publicKeys),
      verify: (bytes, sequence) =>
        verifyPackage(bytes, sequence, { ...options, highestSequence: options.slots.highestSequence }),
    });
  }

  /** Processes a message of a transfer; returns the answers to the shim. */
  handle(message: Offer | Chunk): OtaStatus[] {
    return this.#receiver.handle(message);
  }

  /** True while a slot is being erased: call `erase` until it isn't. */
  get erasing(): boolean {
    return this.#receiver.erasing;
  }

  /** Erases one more page; returns the answers to the shim. */
  erase(): OtaStatus[] {
    return this.#receiver.erase();
  }

  /** True if a package was booted and isn't confirmed. */
  get onTrial(): boolean {
    return this.#options.slots.active()?.state === 'trial';
  }

  /** A verified package that is ready for the swap. */
  get ready(): SlotInfo | null {
    return this.#receiver.ready;
  }

  /** Returns the package to run, counted as started; null if there is none. Throws if flash or package is damaged. */
  boot(): { info: SlotInfo; package: Package } | null {
    const info = this.#options.slots.boot();
    return info === null ? null : { info, package: this.read(info) };
  }

  /** Reads and verifies the package of a slot. Throws `OTA_DIGEST` or a `PKG_...` code. */
  read(info: SlotInfo): Package {
    return openPackage(this.#options.slots.read(info.slot), this.#options.publicKeys);
  }

  /** Puts the ready package on trial by one journal record. */
  startTrial(): SlotInfo {
    this.#options.slots.startTrial();
    return this.#options.slots.boot()!;
  }

  confirm(): SlotInfo {
    this.#options.slots.confirm();
    return this.#options.slots.active()!;
  }

  /** Fails the trial: the old slot is active again. */
  fail(reason: Reason): OtaStatus {
    this.#options.slots.fail(reason);
    return this.failure()!;
  }

  /** Returns the status of the last trial if it failed, null otherwise. */
  failure(): OtaStatus | null {
    const info = this.#options.slots.lastFailure();
    return info === null ? null : this.status('rolledback', info, info.reason && { reason: info.reason });
  }

  status(state: OtaStatus['state'], info: SlotInfo, extra?: Pick<OtaStatus, 'swapUs' | 'lost' | 'reason'>): OtaStatus {
    return this.#receiver.status(state, info, extra);
  }
}
