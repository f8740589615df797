/** What wears the flash without a key: the flash of the board holds the same afterwards, so it was erased as often. */
import { createHash } from 'node:crypto';
import type { Scenario } from './scenario.ts';
import { packageOf, type World } from './world.ts';

const digestOf = (i: number, count: number) => new Uint8Array(createHash('sha256').update(`${i} of ${count}`).digest());

/** Offers a package under digests that nothing has, each with `head`. */
async function offers(world: World, count: number, head: Uint8Array, total: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const sha256 = digestOf(i, count);
    world.send({ type: 'offer', sha256, sequence: 2, total });
    world.send({ type: 'chunk', transfer: sha256.slice(0, 8), offset: 0, bytes: head });
    await world.run(20);
  }
}

export const WEAR: Scenario[] = [
  {
    name: '300 offers with a recorded signed manifest erase 16 slots; later a good package is accepted',
    processOnly: true,
    shows: ['OTA_BUDGET', 'in 5400 s', 'ota receiving 2 700/', 'ota confirmed 2'],
    setup: { module: null },
    async run(world) {
      await world.start();
      await world.run(200);
      const good = packageOf({ sequence: 2 });
      await offers(world, 300, good.slice(0, 512), good.length);
      // The transfer under way goes on without budget.
      const sha256 = digestOf(15, 300);
      world.send({ type: 'chunk', transfer: sha256.slice(0, 8), offset: 0, bytes: good.slice(0, 700) });
      world.send({ type: 'offer', sha256, sequence: 2, total: good.length });
      await world.run(100);
      world.push({ sequence: 2 });
      await world.run(5_400_000);
      world.push({ sequence: 2 });
      await world.run(4000);
      await world.restart();
      await world.run(500);
    },
  },
  {
    name: '300 offers with a wrong signature erase nothing, and a good package is accepted at once',
    processOnly: true,
    shows: ['PKG_SIGNATURE', 'ota confirmed 2'],
    setup: {},
    async run(world) {
      await world.start();
      await world.run(200);
      const forged = packageOf({ sequence: 2, forged: true });
      await offers(world, 300, forged.slice(0, 512), forged.length);
      world.push({ sequence: 2 });
      await world.run(4000);
      await world.restart();
      await world.run(500);
    },
  },
  {
    name: '300 configurations that alternate are 24 changes; equal ones are none, and one more comes in an hour',
    shows: ['log error The configuration was changed 24 times', 'in 3600 s', 'in 3 s'],
    setup: { module: null, config: { gain: 0 } },
    async run(world) {
      await world.start();
      await world.run(200);
      const send = (gain: number) => world.send({ type: 'config', values: { gain } });
      for (let i = 0; i < 300; i++) {
        send(i % 2);
        send(i % 2);
        await world.run(20);
      }
      await world.run(3_600_000 - 6000 - 2500);
      send(7);
      await world.run(4000);
      send(7);
      send(8);
      await world.restart();
      await world.run(500);
    },
  },
];
