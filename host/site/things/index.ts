/** Nodes as things of the Web of Things: their births, and descriptions made of them. */
export { Births, type KnownBirth } from './births.ts';
export { type NodeBirth, type ThingSource, thingDescription } from './thing.ts';
