/**
 * The power-cut sweep of the tests: repeats a run, cuts the power at every flash operation in every mode, and once more
 * during recovery.
 */
import { SAMPLE } from '../../base/test-form.ts';
import { CUT_MODES, type CutMode, type MemoryFlash, PowerCut } from './memory-flash.ts';

export interface CutRun {
  /** Returns erased or prepared flash, the same each time. */
  flash: () => MemoryFlash;
  /**
   * Returns an object for one sweep step. `work` continues from whatever the flash holds to the end, as a node does
   * after each restart, and first checks that no acknowledged write is lost. The object remembers the acknowledged
   * writes over its restarts.
   */
  start: () => { work: (flash: MemoryFlash) => void };
  /** Distance between second cuts in operations; default 1. */
  secondStep?: number;
}

/** Runs the sweep and returns the number of runs. A failed check throws an error that names both cuts. */
export function everyCut(run: CutRun): number {
  const whole = run.flash();
  run.start().work(whole);
  const operations = whole.operations;
  // A sample has one cut, at some of the operations.
  const secondStep = SAMPLE ? Number.POSITIVE_INFINITY : (run.secondStep ?? 1);
  let runs = 0;
  for (let first = 0; first < operations; first += SAMPLE ? 3 : 1)
    for (const mode of CUT_MODES) {
      const afterwards = cutTwice(run, first, mode, Number.POSITIVE_INFINITY, mode);
      runs++;
      for (let second = 0; second < afterwards; second += secondStep)
        for (const secondMode of CUT_MODES) {
          cutTwice(run, first, mode, second, secondMode);
          runs++;
        }
    }
  return runs;
}

/** Returns the number of operations after the first cut, up to the second one. */
function cutTwice(run: CutRun, first: number, mode: CutMode, second: number, secondMode: CutMode): number {
  const flash = run.flash();
  const { work } = run.start();
  try {
    flash.cutAfter(first, mode);
    survive(() => work(flash));
    flash.restart();
    const before = flash.operations;
    if (Number.isFinite(second)) {
      flash.cutAfter(second, secondMode);
      survive(() => work(flash));
      flash.restart();
    }
    work(flash);
    return flash.operations - before;
  } catch (cause) {
    throw new Error(`cut ${mode} operation ${first}, then ${secondMode} ${second}: ${String(cause)}`, { cause });
  }
}

function survive(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
  }
}
