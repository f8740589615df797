/**
 * Over-the-air updates on the node: packages come in by `UpdateReceiver`, are judged before they may run, run on trial, and are
 * confirmed or rolled back. Pure of time and modules: the node tells what happened.
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
  /** Linear memory that this node has for a module. */
  memoryBytes: number;
  sensors: ReadonlySet<string>;
}

/** What is known of a module on trial. */
export interface TrialFacts {
  /** Last answer of `health`, null before the first. */
  health: number | null;
  /** Steps that ended too long after the time of the next. */
  misses: number;
  /** Null on a node that has no link. */
  linkUp: boolean | null;
  /** The window is over. */
  timeout: boolean;
  trialMs: number;
}

/** 'wait', 'confirm', or why it failed. */
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

  /** Takes a message of a transfer; the answers go to the shim. */
  handle(message: Offer | Chunk): OtaStatus[] {
    return this.#receiver.handle(message);
  }

  /** A slot is being erased: `erase` is to be called until it isn't. */
  get erasing(): boolean {
    return this.#receiver.erasing;
  }

  /** Erases one page more; the answers go to the shim. */
  erase(): OtaStatus[] {
    return this.#receiver.erase();
  }

  /** A package was booted that isn't confirmed. */
  get onTrial(): boolean {
    return this.#options.slots.active()?.state === 'trial';
  }

  /** A verified package that waits for its swap. */
  get ready(): SlotInfo | null {
    return this.#receiver.ready;
  }

  /** What to run now, counted as started; null when there is nothing. Throws when flash or package is damaged. */
  boot(): { info: SlotInfo; package: Package } | null {
    const info = this.#options.slots.boot();
    return info === null ? null : { info, package: this.read(info) };
  }

  /** Throws `OTA_DIGEST` or a `PKG_...` code. */
  read(info: SlotInfo): Package {
    return openPackage(this.#options.slots.read(info.slot), this.#options.publicKeys);
  }

  /** One journal record: the ready package is what runs from now on, on trial. */
  startTrial(): SlotInfo {
    this.#options.slots.startTrial();
    return this.#options.slots.boot()!;
  }

  confirm(): SlotInfo {
    this.#options.slots.confirm();
    return this.#options.slots.active()!;
  }

  /** The old slot is active again. */
  fail(reason: Reason): OtaStatus {
    this.#options.slots.fail(reason);
    return this.failure()!;
  }

  /** The status of the last trial when it failed, null otherwise. */
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

/** The module must be one that a node can load. Throws `PKG_METADATA` when it asks for other memory, and what `validateModule` throws. */
export function checkModule({ wasm, metadata }: Package): void {
  if (validateModule(wasm).memoryBytes === metadata.memoryBytes) return;
  throw new MoteError(
    'PKG_METADATA',
    "The package's metadata can't be used: the memory isn't what its module says. Build the package again with this version.",
  );
}
