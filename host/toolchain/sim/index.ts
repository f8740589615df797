/** Simulation: an app on a simulated node, its inputs from recordings and generators, its taps in files. */
export { INPUT_HELP, parseInputs } from './inputs.ts';
export { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts';
export { tapFiles } from './taps.ts';
