/** The link: messages that wait while it is down, those that are lost, and streams that damage bytes. */
import { type Call, METRIC, probeWasm, SCRATCH, script } from './probe.ts';
import type { Scenario } from './scenario.ts';
import type { Setup } from './world.ts';

const CHATTY: Setup = {
  kv: {
    init: script(['metric', 'a', '1', 0], ['period', 100_000]),
    step: script(['publish', 0, 5, 10, SCRATCH, 4, 0], ['event', 'e', Uint8Array.of(1)], ['log', 2, 'step']),
  },
};
const TALK: Call[] = [['log', 2, 'said']];

/** Publishes the name of its metric: in init and in each step. With the other messages this fills the store. */
const SAY_NAME = script(['publish', 0, 0, 0, METRIC, 40, 0]);
const NAME_FIRST = script(['publish', 0, 0, 0, METRIC, 40, 0], ['log', 2, 'begins'], ['period', 50_000]);

export const LINK: Scenario[] = [
  {
    name: 'a node without a shim queues its messages, and sends them later',
    shows: ['log info step', 'event 0 e', 'telemetry 0 '],
    setup: CHATTY,
    async run(world) {
      await world.start({ connected: false });
      await world.run(1000);
      world.connect();
      await world.run(20_000);
    },
  },
  {
    name: 'more than the store holds: telemetry and logs are dropped, events are refused',
    setup: {
      kv: {
        init: script(['metric', 'a', '1', 0], ['period', 100_000]),
        step: script(
          ['times', 5],
          ['publish', 0, 5, 10, SCRATCH, 100, 0],
          ['times', 2],
          ['event', 'e', Uint8Array.of(0x44, 1, 2, 3, 4)],
          ['log', 2, 'a line that takes some room'],
        ),
      },
    },
    async run(world) {
      await world.start({ connected: false });
      await world.run(10_000);
      world.connect();
      await world.run(20_000);
    },
  },
  {
    name: 'more events than the queue holds',
    shows: ['event 63 e'],
    setup: { kv: { init: script(['period', 100_000]), step: script(['times', 10], ['event', 'e', Uint8Array.of(0)]) } },
    async run(world) {
      await world.start({ connected: false });
      await world.run(1000);
      world.connect();
      await world.run(10_000);
    },
  },
  {
    name: 'more log lines than the queue holds',
    setup: { kv: { init: script(['period', 100_000]), step: script(['times', 10], ['log', 2, 8, 2]) } },
    async run(world) {
      await world.start({ connected: false });
      await world.run(1000);
      world.connect();
      await world.run(10_000);
    },
  },
  {
    name: 'a link that falls silent goes down and comes back',
    setup: CHATTY,
    async run(world) {
      await world.start();
      await world.run(500);
      world.disconnect();
      await world.run(60_000);
      world.connect();
      await world.run(20_000);
      world.command(1, script(...TALK));
      await world.run(1000);
    },
  },
  {
    name: 'a short break loses nothing',
    setup: CHATTY,
    async run(world) {
      await world.start();
      await world.run(500);
      world.disconnect();
      await world.run(1000);
      world.connect();
      await world.run(10_000);
    },
  },
  {
    name: 'a restarted shim receives the birth and everything unacknowledged',
    setup: CHATTY,
    async run(world) {
      await world.start();
      await world.run(500);
      world.disconnect();
      await world.run(1000);
      world.newShim();
      world.connect();
      await world.run(10_000);
    },
  },
  ...[false, true].map(
    (another): Scenario => ({
      name: `queued telemetry when other metrics are declared, for ${another ? 'another shim' : 'the same shim'}`,
      shows: ['telemetry 0 metric 0', 'rolledback 2', another ? 'birth 1 probe 1.0.1' : 'log info begins'],
      setup: {
        module: { wasm: probeWasm({ metric: 'temperature' }) },
        kv: { init: NAME_FIRST, step: SAY_NAME },
      },
      named: true,
      async run(world) {
        await world.start();
        await world.run(500);
        world.push({ sequence: 2, wasm: probeWasm({ metric: 'vibration', answer: 0 }) });
        await world.run(500);
        // More messages than the queue holds wait at the end of the trial.
        world.disconnect();
        await world.run(2700);
        if (another) world.newShim();
        world.connect();
        await world.run(10_000);
      },
    }),
  ),
  {
    name: 'a module that is restarted while the link is down: its earlier messages stay queued',
    shows: ['TRAP_DIVIDE', ...Array.from({ length: 30 }, (_, seq) => `telemetry ${seq} metric 0`)],
    setup: { module: { wasm: probeWasm({ metric: 'temperature' }) }, kv: { init: NAME_FIRST, step: SAY_NAME } },
    named: true,
    async run(world) {
      await world.start();
      await world.run(500);
      const last = script(['publish', 0, 0, 0, METRIC, 40, 0], ['kv_set', 'step', SAY_NAME], ['divide', 0]);
      world.command(1, script(['kv_set', 'step', last]));
      world.disconnect();
      await world.run(3000);
      world.newShim();
      world.connect();
      await world.run(10_000);
    },
  },
  {
    name: 'an idle link is kept alive, and the time is requested again',
    setup: { kv: { init: script(['period', -1]) } },
    async run(world) {
      await world.start();
      await world.run(1_300_000);
    },
  },
  ...(
    [
      ['loses bytes', { drop: 0.1 }],
      ['changes bits', { corrupt: 0.1 }],
      ['repeats', { duplicate: 0.2 }],
      ['does everything', { drop: 0.05, corrupt: 0.05, duplicate: 0.1 }],
    ] as const
  ).map(
    ([name, faults]): Scenario => ({
      name: `a stream that ${name}`,
      setup: CHATTY,
      async run(world) {
        await world.start({ faults });
        for (let i = 0; i < 10; i++) {
          await world.run(900);
          world.command(i, script(...TALK));
        }
        await world.run(15_000);
      },
    }),
  ),
  {
    name: 'an update over a stream that loses bytes',
    shows: ['ota confirmed 2'],
    setup: {},
    async run(world) {
      await world.start({ faults: { drop: 0.05, corrupt: 0.02 } });
      await world.run(1000);
      world.push({ sequence: 2 });
      await world.run(30_000);
    },
  },
  {
    name: 'noise, frames of another protocol, and invalid messages',
    setup: {},
    async run(world) {
      await world.start();
      await world.run(200);
      world.noise(Uint8Array.from({ length: 3000 }, (_, i) => (i * 7919) & 255));
      await world.run(100);
      world.noise(new Uint8Array(4000).fill(0x55));
      world.noise(new Uint8Array(10));
      await world.run(2000);
      world.command(1, script(...TALK));
      await world.run(5000);
    },
  },
];
