/**
 * Updates on the node: `UpdateReceiver` receives packages, they are checked before they may run, run on trial, and are
 * confirmed or rolled back. No time and no running module in here: the caller reports what happened.
 */
import type { KeyObject } from 'node:crypto';
import { MoteError } from '../../base/index.ts';
import { ABI_VERSION, validateModule } from '../engine/index.ts';
import type { Chunk, Offer, OtaStatus } from '../link/index.ts';
import { checkPackage, openPackage, type Package } from '../package/index.ts';
import { type Reason, type SlotInfo, type SlotStore, UpdateReceiver } from '../update/index.ts';

export interface UpdateOptions {
  slots: SlotStore;
  publicKeys: readonly KeyObject[];
  /** Linear memory in bytes that this node has for a module. */
  memoryBytes: number;
  sensors: ReadonlySet<string>;
}

/** The state of a module on trial. */
export interface TrialFacts {
  /** Last value of `health`, null before the first. */
  health: number | null;
  /** Steps that ended too long after the time of the next one. */
  misses: number;
  /** Null on a node without a link. */
  linkUp: boolean | null;
  /** The time of the trial is over. */
  timeout: boolean;
  trialMs: number;
}

/** Returns 'wait', 'confirm', or the reason of the failure. */
export function judgeTrial(facts: TrialFacts): 'wait' | 'confirm' | Reason {
  const { health, misses, linkUp, timeout, trialMs } = facts;
  if (health !== null && health < 0) {
    return { code: 'HEALTH_FAILING', text: `The module on trial says that it is failing (${health}).` };
  }
  if (misses > 0)
    return { code: 'TRIAL_DEADLINE', text: 'The module on trial missed a deadline: its steps take too long.' };
  if (health === 1 && linkUp !== false) return 'confirm';
  if (!timeout) return 'wait';
  return health === 1
    ? {
        code: 'TRIAL_LINK_DOWN',
        text: `The link was not up at any time of the ${trialMs} ms when the module was healthy.`,
      }
    : { code: 'TRIAL_UNHEALTHY', text: `The module was not healthy within its ${trialMs} ms.` };
}

export class Updates {
  readonly #options: UpdateOptions;
  readonly #receiver: UpdateReceiver;

  constructor(options: UpdateOptions) {
    this.#options = options;
    this.#receiver = new UpdateReceiver({
      slots: options.slots,
      verify: (bytes, sequence) => this.#verify(bytes, sequence),
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

  #verify(bytes: Uint8Array, sequence: number): void {
    const { publicKeys, memoryBytes, slots, sensors } = this.#options;
    const opened = openPackage(bytes, publicKeys);
    if (opened.sequence !== sequence) {
      throw new MoteError(
        'PKG_SEQUENCE',
        `The package has sequence ${opened.sequence}, it was offered as ${sequence}.`,
      );
    }
    checkPackage(opened, { abi: ABI_VERSION, memoryBytes, sequence: slots.highestSequence });
    const missing = opened.metadata.sensors.find((name) => !sensors.has(name));
    if (missing !== undefined) {
      throw new MoteError('NODE_SENSOR', `The module needs the sensor '${missing}', which this node doesn't have.`);
    }
    checkModule(opened);
  }
}

/**
 * Checks that a node can load the module. Throws `PKG_METADATA` if the metadata requires other memory than the module,
 * and the errors of `validateModule`.
 */
export function checkModule({ wasm, metadata }: Package): void {
  if (validateModule(wasm).memoryBytes === metadata.memoryBytes) return;
  throw new MoteError(
    'PKG_METADATA',
    "The package's metadata can't be used: the memory isn't what its module says. Build the package again with this version.",
  );
}
