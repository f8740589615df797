// A model's program: a table in rom of two words for each operator, its number (abi/operators.json) and the rom offset of its
// record. The host runs what it has kernels for; the rest is the module's. Both ways cost the same fuel, paid at once before the run.

import { nn_run } from '../abi/module';
import { charge } from '../abi/fuel';
import { ENTRY_BYTES } from './records';

const MAX_CHARGE: i64 = i32.MAX_VALUE;

let arenaAt: usize = 0;
let programAt: i32 = 0;
let left: i32 = 0;
/** Operators from `programAt` on that the host has done; REFUSED when it was asked for the next one and did nothing. */
let done: i32 = 0;
const REFUSED: i32 = -1;

/**
 * Begins a run of `count` operators that together do `work`, about one unit for each innermost iteration. True when the host did all of
 * them; otherwise the module asks `mine` for one after another.
 */
export function run(arena: usize, program: i32, count: i32, work: i64): bool {
  for (; work > MAX_CHARGE; work -= MAX_CHARGE) charge(i32.MAX_VALUE);
  charge(<i32>work);
  arenaAt = arena;
  programAt = program;
  left = count;
  ask();
  return done >= count;
}

/** The host may stop after a while, so it is asked until it does nothing. */
function ask(): void {
  done = nn_run(arenaAt, programAt, left);
  if (done == 0) done = REFUSED;
}

/** Whether the next operator is the module's to do. */
export function mine(): bool {
  if (done == 0) ask();
  programAt += ENTRY_BYTES;
  --left;
  if (done == REFUSED) {
    done = 0;
    return true;
  }
  --done;
  return false;
}
