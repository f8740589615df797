/** What every node must do alike. */

import { script } from './probe.ts';
import type { Setup, World } from './world.ts';

export interface Scenario {
  name: string;
  setup: Setup;
  run(world: World): Promise<void>;
}

export const SCENARIOS: Scenario[] = [
  {
    name: 'a module starts, says who it is, steps and answers',
    setup: {
      kv: { init: script(['metric', 'a', '1', 0], ['log', 2, 'hello']), step: script(['time_now'], ['random']) },
    },
    async run(world) {
      await world.start();
      await world.run(2500);
      world.command(1, script(['time_utc'], ['config', 'gain', 5]));
      await world.run(500);
    },
  },
];
