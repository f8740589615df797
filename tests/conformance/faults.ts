/** The faults that a module can cause, in each function; the node continues. */
import { type Call, SCRATCH, script } from './probe.ts';
import { faults, type Scenario } from './scenario.ts';

const DEEDS: Call[] = [
  ['unreachable'],
  ['spin'],
  ['recurse'],
  ['store', -1],
  ['load', 8192],
  ['divide', 0],
  ['overflow', -1],
  ['convert'],
  ['indirect', 0],
  ['indirect', 1000],
  ['burn', 100_001],
];

/** A module that faults in `place` at each start, until its store is changed. */
const inPlace = (place: 'init' | 'step' | 'health'): Scenario => ({
  shows: [`TRAP_UNREACHABLE ${place} at 0x`],
  name: `a fault in ${place} recurs at each start, with growing delays`,
  setup: { kv: { [place]: script(['log', 1, place], ['unreachable']) } },
  async run(world) {
    await world.start();
    await world.run(150_000);
  },
});

export const FAULTS: Scenario[] = [
  faults(
    'faults of all kinds',
    DEEDS.map((deed) => [['log', 2, 'before'], deed, ['log', 2, 'never']]),
  ),
  inPlace('init'),
  inPlace('step'),
  inPlace('health'),
  {
    name: 'init that refuses to start',
    shows: ['MODULE_INIT init: init returned -3'],
    setup: { kv: { init: script(['start', -3]) } },
    async run(world) {
      await world.start();
      await world.run(4000);
    },
  },
  {
    name: 'a module that was healthy for a while is restarted soon after its next fault',
    setup: {},
    async run(world) {
      await world.start();
      for (let i = 0; i < 4; i++) {
        await world.run(1200);
        world.command(i, script(['unreachable']));
      }
      await world.run(3000);
    },
  },
  {
    name: 'fuel is reset for each call',
    setup: { kv: { step: script(['burn', 99_900]) } },
    async run(world) {
      await world.start();
      await world.run(3000);
      world.command(1, script(['burn', 99_900]));
      await world.run(100);
    },
  },
  {
    name: 'a module whose health becomes failing and changes again',
    setup: {},
    async run(world) {
      await world.start();
      for (const answer of [-5, -5, 0, -7, 1]) {
        world.command(1, script(['health', answer]));
        await world.run(2500);
      }
    },
  },
  {
    name: 'steps: in the past, at once, never, and never again after that',
    setup: { kv: { init: script(['period', -1]) } },
    async run(world) {
      await world.start();
      await world.run(5000);
      world.command(1, script(['period', 50]));
      await world.run(5000);
    },
  },
  ...(
    [
      ['at once', 0, 'step returned 99900 us at 99900 us, the 1000th time in a row'],
      ['within the next 100 us', 99, 'step returned 99999 us at 99900 us, the 1000th'],
      ['a time that has passed', -1_000_000, 'step returned 0 us at 99900 us, the 1000th'],
    ] as const
  ).map(
    ([what, us, shown]): Scenario => ({
      name: `steps that return ${what}, without end`,
      shows: [`MODULE_STEP step: ${shown}`],
      setup: { kv: { init: script(['after', us]) } },
      async run(world) {
        await world.start();
        await world.run(500);
      },
    }),
  ),
  {
    name: 'steps that return one time that stays, and steps that catch up with the clock',
    shows: ['MODULE_STEP step: step returned 5000 us at', 'log info back'],
    setup: {},
    async run(world) {
      await world.start();
      await world.run(50);
      world.command(1, script(['until', 5000]));
      await world.run(2200);
      // 1.9 ms closer to the clock with each step, for over 1000 steps.
      world.command(2, script(['until', 5000], ['gain', 2000]));
      await world.run(1500);
      world.command(3, script(['log', 2, 'back']));
      await world.run(100);
    },
  },
  {
    name: 'steps at the highest rate',
    setup: { kv: { init: script(['period', 0]), step: script(['time_now']) } },
    async run(world) {
      await world.start();
      await world.run(5);
      world.command(1, script(['period', 333]));
      await world.run(5);
    },
  },
  {
    name: 'a module that hangs without counting fuel is ended by the deadline',
    shows: ['TRAP_DEADLINE', 'log info back'],
    setup: {},
    async run(world) {
      await world.start();
      await world.run(100);
      world.command(1, script(['hang']));
      await world.run(2000);
      world.command(2, script(['log', 2, 'back']));
      await world.run(100);
    },
  },
  {
    name: 'a module that floods: events, logs, telemetry and writes in each step',
    setup: {
      kv: {
        init: script(['metric', 'flood', '1', 0], ['period', 10_000]),
        step: script(
          ['times', 70],
          ['publish', 0, 1, 1, SCRATCH, 20, 0],
          ['times', 20],
          ['event', 'e', Uint8Array.of(0)],
          ['times', 40],
          ['log', 2, 'flood'],
          ['times', 20],
          ['kv_set', 8, 2, 0, 4],
        ),
      },
    },
    async run(world) {
      await world.start();
      await world.run(300);
      world.send({ type: 'command', id: 9, name: 'run', body: script(['time_now']) });
      await world.run(200);
    },
  },
];
