// A model's program: a table in rom with two words for each operator, its number (abi/operators.json) and the rom
// offset of its record. The host runs operators that it has kernels for; the module runs the others. Both cost the same
// fuel, charged before the run.

import { nn_run } from '../abi/module';
import { charge } from '../abi/fuel';
import { ENTRY_BYTES } from './records';

const MAX_CHARGE: i64 = i32.MAX_VALUE;

let arenaAt: usize = 0;
let programAt: i32 = 0;
let left: i32 = 0;
/** Operators from `programAt` on that the host has run; REFUSED if it was asked for the next one and ran none. */
let done: i32 = 0;
const REFUSED: i32 = -1;

/**
 * Begins a run of `count` operators. `work` is their total, about one unit for each innermost iteration. Returns true
 * if the host ran all of them; otherwise the module calls `mine` for each operator in turn.
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

/** Asks the host to run operators. It may stop before the last one, so it is asked again until it runs none. */
function ask(): void {
  done = nn_run(arenaAt, programAt, left);
  if (done == 0) done = REFUSED;
}

/** Returns whether the module must run the next operator. */
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
