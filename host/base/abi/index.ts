/** The module ABI, generated from abi/. */
export * from './module.ts';
