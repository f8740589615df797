/** The swap to a new module and its trial: when they happen, what is measured, and how a trial ends. */
import { type Clock, clip, MoteError } from '../../base/index.ts';
import { type Chunk, type Offer, type OtaStatus, reason } from '../link/index.ts';
import type { Reason } from '../update/index.ts';
import type { Running, Supervisor } from './supervisor.ts';
import type { Updates } from './update.ts';

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
    return reason('health_failing', health);
  }
  if (misses > 0) return reason('trial_deadline');
  if (health === 1 && linkUp !== false) return 'confirm';
  if (!timeout) return 'wait';
  return health === 1 ? reason('trial_link_down', trialMs) : reason('trial_unhealthy', trialMs);
}

export interface TrialOptions {
  updates: Updates;
  supervisor: Supervisor;
  clock: Clock;
  /** Starts a measurement; the result returns the microseconds since. */
  stopwatch(): () => number;
  /** Null on a node without a link. */
  linkUp(): boolean | null;
  /** Samples that all sensors have lost so far. */
  lost(): number;
  report(status: OtaStatus): void;
  /** Called after the running module was confirmed. */
  confirmed(): void;
  /** Runs a module. */
  begin(next: Running): void;
  /** Ends the running module and cancels a planned restart. */
  stop(): void;
  /** Starts the module that the slots contain. */
  reset(): void;
}

export class Trial {
  readonly #options: TrialOptions;
  /** The next module, compiled while the old one still runs. */
  #prepared: Running | null = null;
  #cancelSwap: (() => void) | null = null;
  #cancelErase: (() => void) | null = null;
  #cancelTrial: (() => void) | null = null;

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  /** Processes a message of a transfer. */
  receive(message: Offer | Chunk): void {
    const { updates, report } = this.#options;
    for (const status of updates.handle(message)) report(status);
    this.#erase();
    this.prepare();
  }

  /** Erases one page at a time, between other work, because erasing can stop a chip's processor. */
  #erase(): void {
    const { updates, clock, report } = this.#options;
    if (!updates.erasing || this.#cancelErase !== null) return;
    this.#cancelErase = clock.at(clock.nowUs(), () => {
      this.#cancelErase = null;
      for (const status of updates.erase()) report(status);
      this.#erase();
    });
  }

  /** Reads and compiles the ready package while the old module still runs; the swap follows as a separate event. */
  prepare(): void {
    const { updates, supervisor, clock, report } = this.#options;
    const { ready } = updates;
    const prepared = this.#prepared?.info;
    if (prepared && ready && Buffer.compare(ready.sha256, prepared.sha256) === 0) return;
    // Another package was offered since: this one is in no slot any more and must not run.
    this.#unprepare();
    if (ready === null) return;
    try {
      this.#prepared = supervisor.prepare(updates.read(ready), ready, ready.sha256);
      this.#cancelSwap = clock.at(clock.nowUs(), () => this.#swap());
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      // The module can't be loaded: the old one continues, and the sequence isn't tried again.
      updates.startTrial();
      report(updates.fail({ code: error.code, text: clip(`load: ${error.message}`, 160) }));
    }
  }

  /** Starts the time limit of a module on trial. */
  watch(running: Running): void {
    const { trialMs } = running.runtime.metadata;
    this.#cancelTrial = this.#options.clock.after(trialMs, () => this.#timeOver(running));
  }

  /** Stops the time limit, because the module on trial has ended. */
  unwatch(): void {
    this.#cancelTrial?.();
    this.#cancelTrial = null;
  }

  close(): void {
    this.unwatch();
    this.#cancelErase?.();
    this.#cancelErase = null;
    this.#unprepare();
  }

  #unprepare(): void {
    this.#cancelSwap?.();
    this.#cancelSwap = null;
    this.#prepared?.runtime.close();
    this.#prepared = null;
  }

  /** Judges the module on trial, if there is one. `timeout`: its time is over. */
  judge(timeout = false): void {
    const { updates, supervisor, linkUp, report, confirmed, stop } = this.#options;
    const { running } = supervisor;
    if (running === null || running.starting || running.info?.state !== 'trial') return;
    const { health, misses } = running;
    const { trialMs } = running.runtime.metadata;
    const verdict = judgeTrial({ health, misses, linkUp: linkUp(), timeout, trialMs });
    if (verdict === 'wait') return;
    if (verdict !== 'confirm') {
      stop();
      this.rollBack(verdict);
      return;
    }
    this.unwatch();
    running.info = updates.confirm();
    report(updates.status('confirmed', running.info));
    confirmed();
  }

  /**
   * A message may have changed the health of a module that steps rarely, so `health` is called once more before the
   * verdict.
   */
  #timeOver(running: Running): void {
    const { supervisor } = this.#options;
    supervisor.askHealth();
    // A fault or the value of `health` may have ended the trial; another module may run now.
    if (supervisor.running === running) this.judge(true);
  }

  /** Rolls back after the module on trial has ended: the old one runs after one reset. */
  rollBack(reason: Reason): void {
    const { updates, report, reset } = this.#options;
    report(updates.fail(reason));
    reset();
  }

  #swap(): void {
    const { updates, supervisor, stopwatch, lost, report, begin, stop } = this.#options;
    const next = this.#prepared!;
    const elapsedUs = stopwatch();
    const lostBefore = lost();
    this.#prepared = null;
    this.#cancelSwap = null;
    report(updates.status('swapping', next.info!));
    next.info = updates.startTrial();
    stop();
    next.starting = true;
    begin(next);
    // A fault in init or the first step has already rolled it back.
    if (supervisor.running !== next) return;
    const swapUs = Math.max(0, Math.round(elapsedUs()));
    report(updates.status('trial', next.info, { swapUs, lost: lost() - lostBefore }));
    next.starting = false;
    this.judge();
  }
}
