/** What host and node share, generated from abi/. */
export * from './constants.ts';
export type * from './errors.ts';
export * from './module.ts';
export * from './operators.ts';
export * from './sentences.ts';
