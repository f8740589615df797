/** Runs started nodes in virtual time. */
import type { VirtualClock } from '../../base/index.ts';
import type { Node } from './node.ts';

interface RunLimits {
  limitUs?: number;
  drainMs?: number;
}

/**
 * Runs until the inputs of all nodes have ended and `drainMs` (default 1000) more have passed, but at most until
 * `limitUs`. Returns the time then. Endless inputs need a limit; without one this returns after `drainMs`.
 */
export function runToEnd(clock: VirtualClock, nodes: readonly Node[], limits: RunLimits = {}): number {
  for (const _ of runSteps(clock, nodes, limits));
  return clock.nowUs();
}

/** As `runToEnd`, but yields after each call of the clock, so that the caller can do other work or stop. */
export function* runSteps(
  clock: VirtualClock,
  nodes: readonly Node[],
  { limitUs = Number.MAX_SAFE_INTEGER, drainMs = 1000 }: RunLimits = {},
): Generator<void, void> {
  const endless = nodes.every((node) => node.inputEndUs === null) && limitUs < Number.MAX_SAFE_INTEGER;
  const endUs = () =>
    endless ? limitUs : Math.min(limitUs, Math.max(0, ...nodes.map((node) => node.inputEndUs ?? 0)) + drainMs * 1000);
  // A module may open a sensor after `init`, so the end is computed after every event.
  while (clock.runNext(endUs())) yield;
  clock.runUntil(endUs());
}
