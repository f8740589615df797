/** The page of a simulation: what its server and its scripts exchange. The scripts in this folder run in a browser. */
export type * from './protocol.ts';
