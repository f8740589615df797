/** Random cases are the same in each run, so that a change is noticed in all runs or in none. */
import fc from 'fast-check';

fc.configureGlobal({ seed: 1 });
