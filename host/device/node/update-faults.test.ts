/** Updates over links that are cut and over losses of power. */
import { describe, expect, it } from 'vitest';
import { CUT_MODES, PowerCut } from '../flash/index.ts';
import { Xorshift } from '../link/index.ts';
import { chip, pack, recorder, settled, version2, World } from './testing.ts';

describe('a push', () => {
  it('with the link cut 20 times at random points resumes each time and completes', () => {
    const random = new Xorshift(10);
    const big = { ...recorder(10_000, version2), rom: Uint8Array.from({ length: 150_000 }, () => random.below(256)) };
    for (let run = 0; run < 5; run++) {
      const world = settled({}, recorder(), chip(512));
      const before = world.cuts;
      world.faults = { delayMs: 15 };
      world.pair!.cut();
      world.run(1);
      world.shim.push(pack(big, 2), 2);
      let received = 0;
      for (let cut = 0; cut < 20; cut++) {
        world.clock.runUntil(world.clock.nowUs() + 100_000 + random.below(100_000));
        expect(world.ota).not.toContain('swapping');
        world.pair!.cut();
        const now = Math.max(...world.shim.get('ota').map((status) => (status.sequence === 2 ? status.received : 0)));
        expect(now).toBeGreaterThanOrEqual(received);
        received = now;
      }
      world.run(30);
      expect(world.cuts - before).toBeGreaterThanOrEqual(20);
      expect(world.running).toBe('2.0.0');
      expect(world.node.status().module!.state).toBe('confirmed');
      expect(world.samples.every((value, i) => value === i % 32_768)).toBe(true);
    }
  });

  it('over a stream that loses, damages, duplicates and cuts completes', () => {
    const random = new Xorshift(11);
    const world = settled();
    world.random = () => random.unit();
    world.faults = { drop: 0.05, corrupt: 0.05, duplicate: 0.05, split: 0.2, cut: 0.01, delayMs: 5 };
    world.pair!.cut();
    world.shim.push(pack(recorder(10_000, version2), 2), 2);
    world.run(120);
    expect(world.running).toBe('2.0.0');
  });

  it('with the node restarted at every tenth event resumes and completes', () => {
    const world = settled();
    world.shim.push(pack({ ...recorder(10_000, version2), rom: new Uint8Array(20_000).fill(5) }, 2), 2);
    let restarts = 0;
    while (!world.ota.includes('swapping') && restarts < 400) {
      for (let i = 0; i < 60 + restarts; i++) world.clock.runNext();
      if (world.ota.includes('swapping')) break;
      world.restart();
      restarts++;
    }
    world.run(5);
    expect(restarts).toBeGreaterThan(5);
    expect(world.running).toBe('2.0.0');
  });
});

describe('a power cut', () => {
  it.each(CUT_MODES)(
    'at every flash operation of a push, its swap and its trial (%s) leaves a node that runs and ends up updated',
    (mode) => {
      const [first, second] = [pack(recorder(), 1), pack(recorder(10_000, version2), 2)];
      let points = 0;
      for (let operations = 0; ; operations++) {
        const flash = chip();
        const world = new World({}, flash);
        world.node.start();
        world.connect();
        world.shim.push(first, 1);
        world.run(1);
        world.shim.push(second, 2);
        flash.cutAfter(operations, mode);
        try {
          world.run(2);
          break;
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error;
        }
        points++;
        flash.restart();
        world.restart();
        // A module runs at once, whatever was cut.
        expect(['1.0.0', '2.0.0']).toContain(world.running);
        world.run(3);
        const { module, faults } = world.node.status();
        expect([module!.state, faults]).toEqual(['confirmed', 0]);
        // The update fails only if the cut hit the trial, and the shim has the reason.
        if (module!.version === '2.0.0') continue;
        expect(world.shim.get('ota').at(-1)).toMatchObject({
          state: 'rolledback',
          reason: { code: 'TRIAL_INTERRUPTED' },
        });
      }
      expect(points).toBeGreaterThan(10);
    },
  );
});
