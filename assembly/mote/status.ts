/** Result of `init`: the first error refuses the start. */
import { OK } from '../abi/module';

let first: i32 = 0;
let started = false;

/**
 * Refuses the start with a negative error of the ABI, such as NOT_FOUND. After `init` that isn't possible any more: then
 * it logs why, and traps.
 */
export function refuse(error: i32): void {
  if (started) throw new Error('init is over: open sensors, declare metrics and subscribe to commands in init');
  if (first == OK) first = error;
}

/** Ends the start: returns OK, or the first error since the module was loaded. */
export function status(): i32 {
  started = true;
  return first;
}
