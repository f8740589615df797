/** Simulation: an app on a simulated node, its inputs from recordings and generators, its taps in files. */
export { assignInputs, INPUT_HELP, readInputs } from './inputs.ts';
export {
  type ObservedRun,
  type SimulationObserver,
  type SimulationOptions,
  type SimulationResult,
  type Stimulus,
  type StimulusAnswer,
  simulate,
} from './simulate.ts';
export { tapFiles } from './taps.ts';
export { type Changes, repeatOnSave, watchApp } from './watch.ts';
