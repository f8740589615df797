/** How `init` ends: the first thing that went wrong refuses the start. */
import { OK } from '../abi/module';

let first: i32 = 0;

/** Refuses the start with a negative error of the ABI, such as NOT_FOUND; only in `init`. */
export function refuse(error: i32): void {
  if (first == OK) first = error;
}

/** OK, or the first error since the module was loaded. */
export function status(): i32 {
  return first;
}
