/** What wears the flash of a node without a key: configurations and offers of whoever reaches its link. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { MemoryFlash } from '../flash/index.ts';
import { app, chip, pack, settled, version2 } from './testing.ts';

/** A module that steps once an hour. */
const idle = app({ step: '(i64.add (local.get $now) (i64.const 3600000000))' });

const erasesOf = (flash: MemoryFlash, first: number, count: number) =>
  flash.erases.slice(first, first + count).reduce((sum, erases) => sum + erases, 0);

it('300 configurations that alternate are written 24 times: 4 erases of the store of keys and identity', () => {
  const flash = chip();
  const world = settled({}, idle, flash);
  const before = erasesOf(flash, 0, 2);
  const config = (gain: number) => ({
    type: 'config' as const,
    values: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${'k'.repeat(30)}${i}`, gain + i])),
  });
  for (let i = 0; i < 300; i++) {
    world.shim.send(config(i % 2));
    world.run(0.1);
  }
  expect(erasesOf(flash, 0, 2) - before).toBe(4);
  const rejected = world.shim.get('log').filter(({ text }) => text.includes('changed 24 times'));
  // Every second one of the others equals the one that was written last.
  expect(rejected).toHaveLength((300 - 24) / 2);
  // The last one that was written still holds, may be sent again, and outlives a restart.
  expect(world.node.status().config).toEqual(config(1).values);
  const operations = flash.operations;
  for (let i = 0; i < 50; i++) {
    world.shim.send(config(1));
    world.run(0.1);
  }
  expect(flash.operations).toBe(operations);
  world.restart();
  expect(world.node.status().config).toEqual(config(1).values);
});

it('300 offers with a recorded manifest erase a page 15 times; with a wrong signature they erase nothing', () => {
  const flash = chip();
  const world = settled({}, idle, flash);
  const journal = () => erasesOf(flash, 6, 2);
  const slots = () => erasesOf(flash, 8, flash.erases.length - 8);
  const good = pack({ ...idle, metadata: { ...idle.metadata, ...version2 } }, 2);
  const forged = good.with(5 + good[5]!, good[5 + good[5]!]! ^ 1);
  const offer = (bytes: Uint8Array, name: string) => {
    const sha256 = new Uint8Array(createHash('sha256').update(name).digest());
    world.shim.send({ type: 'offer', sha256, sequence: 2, total: bytes.length });
    world.shim.send({ type: 'chunk', transfer: sha256.slice(0, 8), offset: 0, bytes: bytes.slice(0, 512) });
    world.run(0.1);
  };
  const before = [slots(), journal()];
  const operations = flash.operations;
  for (let i = 0; i < 300; i++) offer(forged, `forged ${i}`);
  expect([flash.operations, world.shim.get('ota').at(-1)?.reason?.code]).toEqual([operations, 'PKG_SIGNATURE']);
  for (let i = 0; i < 300; i++) offer(good, `good ${i}`);
  expect(world.shim.get('ota').at(-1)?.reason?.code).toBe('OTA_BUDGET');
  // The package that the node runs was the first of the 16.
  expect([slots() - before[0]!, journal() - before[1]!]).toEqual([15, 1]);
  world.run(5400);
  world.shim.push(good, 2);
  world.run(3);
  expect(world.running).toBe('2.0.0');
});
