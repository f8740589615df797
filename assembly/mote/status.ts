/** Result of `init`: the first error refuses the start. */
import { OK } from '../abi/module';

let first: i32 = 0;

/** Refuses the start with a negative error of the ABI, such as NOT_FOUND. Only in `init`. */
export function refuse(error: i32): void {
  if (first == OK) first = error;
}

/** Returns OK, or the first error since the module was loaded. */
export function status(): i32 {
  return first;
}
