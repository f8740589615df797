/** All scenarios. */
import { ABI } from './abi.ts';
import { WINDOWS } from './captures.ts';
import { FAULTS } from './faults.ts';
import { LINK } from './link.ts';
import type { Scenario } from './scenario.ts';
import { STATE } from './state.ts';
import { UPDATES } from './updates.ts';
import { WEAR } from './wear.ts';

export const SCENARIOS: readonly Scenario[] = [...ABI, ...FAULTS, ...LINK, ...STATE, ...UPDATES, ...WEAR, ...WINDOWS];
