/** Scenarios: tests of an app in the simulator, as files with inputs, commands, and the expected events and metrics. */
export type { Difference } from './compare.ts';
export { differenceLines, junit } from './junit.ts';
export { type Outcome, runScenario } from './run.ts';
export { findScenarios, readScenario } from './scenario.ts';
