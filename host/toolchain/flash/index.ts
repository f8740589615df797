/** Flashing: a board's firmware, with a node in it, onto a real board or into a file. */
export { type FlashObserver, type FlashOptions, type FlashResult, flashBoard, type ImagePart } from './flash.ts';
export type { NodePlan } from './new-node.ts';
export { esptoolSteps, FORMATS, type Format } from './steps.ts';
