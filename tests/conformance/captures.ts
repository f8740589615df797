/** Captures of raw samples around events: stored, counted, read in parts. */
import { encodeCbor } from '../../host/base/cbor/index.ts';
import { sine } from '../../host/device/node/index.ts';
import { script } from './probe.ts';
import type { Scenario } from './scenario.ts';
import type { Setup, World } from './world.ts';

const EVENT = script(['event', 'heard', Uint8Array.of(7)], ['event', 'again', Uint8Array.of(8)]);
const nothing = new Uint8Array(0);
const setup: Setup = {
  captureBytes: 1600,
  module: { sensors: ['mic', 'imu', 'deaf'] },
  kv: { init: script(['sensor_open', 'mic'], ['sensor_open', 'imu']) },
  sensors: [
    { name: 'mic', ringSamples: 300, source: sine({ rateHz: 1000, frequencyHz: 3, amplitude: 1000 }) },
    {
      name: 'imu',
      ringSamples: 20,
      source: {
        rateMilliHz: 50_000,
        channels: 6,
        length: null,
        read: (index, out) => out.set(Array.from(out, (_, i) => index * 6 + i)),
      },
    },
    { name: 'deaf', ringSamples: 10, source: sine({ rateHz: 10, frequencyHz: 1, amplitude: 1 }) },
  ],
};

async function fetch(world: World, from: number, to: number): Promise<void> {
  let id = 100;
  for (let number = from; number < to; number++)
    for (const offset of [0, 100, 895, 2000]) world.command(id++, encodeCbor([number, offset]), 'agent.window');
  await world.run(500);
}

export const WINDOWS: Scenario[] = [
  {
    name: 'captures: the samples of the rings before an event, with the oldest captures dropped',
    shows: ['event 2 agent.windows 820002', 'agent.window 8700', 'there is no such window, or it is shorter'],
    setup,
    async run(world) {
      await world.start();
      await world.run(150);
      world.command(1, EVENT);
      await world.run(20);
      world.command(2, nothing, 'agent.windows');
      await world.run(20);
      await fetch(world, 0, 3);
      for (let i = 0; i < 6; i++) {
        world.command(10 + i, EVENT);
        await world.run(400);
      }
      world.command(3, nothing, 'agent.windows');
      await world.run(50);
      await fetch(world, 7, 15);
    },
  },
  {
    name: 'captures: unknown commands of the node',
    shows: [
      "result 1 false the node takes no command 'agent.'",
      'result 4 false the body of agent.window is [number, offset]',
    ],
    setup: { ...setup, captureBytes: 0 },
    async run(world) {
      await world.start();
      await world.run(150);
      world.command(1, nothing, 'agent.');
      world.command(2, nothing, 'agent.other');
      world.command(3, nothing, 'agent.windows');
      world.command(4, nothing, 'agent.window');
      world.command(5, encodeCbor([0]), 'agent.window');
      world.command(6, encodeCbor([0, -1]), 'agent.window');
      world.command(7, Uint8Array.of(0x82, 0x18, 0x00, 0x00), 'agent.window');
      world.command(8, encodeCbor([0xffff_ffff, 0xffff_ffff]), 'agent.window');
      world.command(9, EVENT);
      world.command(10, encodeCbor([0, 0]), 'agent.window');
      await world.run(500);
    },
  },
  {
    name: 'captures: no room for an answer',
    shows: ['result 2 false there is no room for the answer; ask again'],
    setup: {
      ...setup,
      kv: {
        init: script(['sensor_open', 'mic'], ['period', 131]),
        step: script(['times', 16], ['event', 'e', Uint8Array.of(0)]),
      },
    },
    async run(world) {
      await world.start();
      // Steps and messages coincide only after 18 ms.
      await world.run(8);
      world.command(2, nothing, 'agent.windows');
      await world.run(8);
    },
  },
];
