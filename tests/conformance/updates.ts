/** Packages on their way to a node, and what becomes of them. */
import { createHash } from 'node:crypto';
import { probeWasm, script } from './probe.ts';
import type { Scenario } from './scenario.ts';
import { type PackageText, packageOf, type Setup, stranger, type World } from './world.ts';

interface Push {
  /** Pushed after the module that is there has run for 200 ms. */
  next: PackageText;
  setup?: Setup;
  ms?: number;
  then?(world: World): Promise<void>;
}

const push = (name: string, { next, setup = {}, ms = 5000, then }: Push): Scenario => ({
  name,
  setup,
  async run(world) {
    await world.start();
    await world.run(200);
    world.push(next);
    await world.run(ms);
    await then?.(world);
  },
});

const restartAfter = async (world: World) => {
  await world.restart();
  await world.run(3000);
};

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());

const REFUSED: [name: string, next: PackageText, setup?: Setup][] = [
  ['signed by a stranger', { sequence: 2, key: stranger }],
  ['of an ABI that is newer', { sequence: 2, abi: 0x1_0063 }],
  ['of another major ABI', { sequence: 2, abi: 0x2_0000 }],
  ['that needs too much memory', { sequence: 2, memoryBytes: 60_000 }],
  ['that needs a sensor', { sequence: 2, sensors: ['mic', 'nose'] }],
  ['of a sequence that was confirmed', { sequence: 1, name: 'other' }],
  ['without init', { sequence: 2, wasm: probeWasm({ leaveOut: 'init' }) }],
  ['without step', { sequence: 2, wasm: probeWasm({ leaveOut: 'step' }) }],
  ['without health', { sequence: 2, wasm: probeWasm({ leaveOut: 'health' }) }],
  ['without abi_version', { sequence: 2, wasm: probeWasm({ leaveOut: 'abi_version' }) }],
  ['without memory_bytes', { sequence: 2, wasm: probeWasm({ leaveOut: 'memory_bytes' }) }],
];

export const UPDATES: Scenario[] = [
  push('a good package is swapped in, confirmed, and there after a restart', {
    next: { sequence: 2 },
    then: async (world) => {
      await restartAfter(world);
      world.push({ sequence: 5 });
      await world.run(4000);
      await restartAfter(world);
    },
  }),
  push('the first package of a node that has none', {
    next: { sequence: 1 },
    setup: { module: null },
    then: restartAfter,
  }),
  ...REFUSED.map(([name, next, setup]) =>
    push(`a package ${name} is refused`, { next, ...(setup && { setup }), ms: 2000 }),
  ),
  {
    name: 'a package that was refused is refused again without a transfer, until another came',
    setup: {},
    async run(world) {
      await world.start();
      await world.run(200);
      world.push({ sequence: 2, key: stranger });
      await world.run(2000);
      world.push({ sequence: 2, key: stranger });
      await world.run(500);
      world.push({ sequence: 3 });
      await world.run(4000);
      world.push({ sequence: 3 });
      await world.run(500);
    },
  },
  push('a module on trial that never says that it is healthy', {
    next: { sequence: 2, wasm: probeWasm({ answer: 0 }) },
    then: async (world) => {
      world.push({ sequence: 2, wasm: probeWasm({ answer: 0 }) });
      await world.run(500);
      world.push({ sequence: 2 });
      await world.run(500);
      await restartAfter(world);
    },
  }),
  push('a module on trial that becomes healthy late', {
    next: { sequence: 2, wasm: probeWasm({ answer: 0 }) },
    ms: 2500,
    then: async (world) => {
      world.command(1, script(['health', 1]));
      await world.run(2000);
    },
  }),
  push('a module on trial that says that it is failing', { next: { sequence: 2, wasm: probeWasm({ answer: -4 }) } }),
  push('a module on trial that faults in init', { next: { sequence: 2, wasm: probeWasm({ faultIn: 'init' }) } }),
  push('a module on trial that faults in its first step', {
    next: { sequence: 2, wasm: probeWasm({ faultIn: 'step' }) },
  }),
  push('a module on trial that faults when asked for its health', {
    next: { sequence: 2, wasm: probeWasm({ faultIn: 'health' }) },
  }),
  push('a module on trial that faults in a command', {
    next: { sequence: 2, wasm: probeWasm({ answer: 0 }) },
    ms: 1000,
    then: async (world) => {
      world.command(1, script(['divide', 0]));
      await world.run(2000);
    },
  }),
  push('a module on trial that can not be loaded', {
    next: { sequence: 2, wasm: probeWasm({ memoryBytes: 8192 }), memoryBytes: 1024 },
  }),
  push('a trial that the power ended', {
    next: { sequence: 2, wasm: probeWasm({ answer: 0 }) },
    ms: 2000,
    then: async (world) => {
      await restartAfter(world);
      world.push({ sequence: 2, wasm: probeWasm({ answer: 0 }) });
      await world.run(500);
      world.push({ sequence: 3 });
      await world.run(4000);
    },
  }),
  push('another package while one is on trial', {
    next: { sequence: 2, wasm: probeWasm({ answer: 0 }) },
    ms: 1500,
    then: async (world) => {
      world.push({ sequence: 3 });
      await world.run(4000);
    },
  }),
  push('a transfer that the power ended goes on', {
    next: { sequence: 2, rom: new Uint8Array(20_000).fill(7) },
    ms: 6,
    then: async (world) => {
      await world.restart();
      await world.run(4000);
    },
  }),
  {
    name: 'a trial without a link is rolled back',
    setup: {},
    async run(world) {
      await world.start();
      await world.run(200);
      world.push({ sequence: 2, wasm: probeWasm({ answer: 0 }) });
      await world.run(1000);
      world.command(1, script(['health', 1]));
      world.disconnect();
      await world.run(5000);
    },
  },
  {
    name: 'chunks that lie, repeat, are of no transfer, or leave a gap',
    setup: {},
    async run(world) {
      await world.start();
      await world.run(200);
      const bytes = packageOf({ sequence: 2 });
      const digest = sha256(bytes);
      const transfer = digest.slice(0, 8);
      const chunk = (offset: number, count: number) =>
        world.send({ type: 'chunk', transfer, offset, bytes: bytes.slice(offset, offset + count) });
      chunk(0, 100);
      world.send({ type: 'offer', sha256: digest, sequence: 2, total: bytes.length });
      await world.run(50);
      world.send({ type: 'chunk', transfer: new Uint8Array(8), offset: 0, bytes: bytes.slice(0, 10) });
      chunk(0, 100);
      chunk(50, 100);
      chunk(0, 10);
      chunk(300, 10);
      chunk(310, 10);
      await world.run(50);
      chunk(150, 500);
      chunk(650, 1);
      chunk(651, 2);
      world.send({ type: 'chunk', transfer, offset: bytes.length - 1, bytes: bytes.slice(0, 100) });
      await world.run(50);
      world.send({ type: 'chunk', transfer, offset: 653, bytes: new Uint8Array(bytes.length - 653) });
      await world.run(50);
      for (let at = 653; at < bytes.length; at += 1000) {
        const part = bytes.slice(at, at + 1000);
        world.send({ type: 'chunk', transfer, offset: at, bytes: at === 653 ? part.fill(0) : part });
      }
      await world.run(200);
    },
  },
  {
    name: 'offers that no slot takes',
    setup: {},
    async run(world) {
      await world.start();
      await world.run(200);
      const sha = sha256(Uint8Array.of(1));
      world.send({ type: 'offer', sha256: sha, sequence: 2, total: 0x7fff_ffff });
      world.send({ type: 'offer', sha256: sha, sequence: 0, total: 1 });
      world.send({ type: 'offer', sha256: sha, sequence: 1, total: 1 });
      await world.run(100);
      world.send({ type: 'offer', sha256: sha, sequence: 2, total: 1 });
      await world.run(100);
      world.send({ type: 'offer', sha256: sha256(Uint8Array.of(2)), sequence: 3, total: 500 });
      await world.run(100);
    },
  },
  {
    name: 'nine sequences that fail, and what is taken after that',
    setup: {},
    async run(world) {
      await world.start();
      await world.run(200);
      for (const sequence of [10, 12, 14, 16, 18, 20, 22, 24, 26]) {
        world.push({ sequence, wasm: probeWasm({ answer: -1 }) });
        await world.run(300);
      }
      for (const sequence of [10, 11, 12, 13, 26, 27]) {
        world.push({ sequence });
        await world.run(1000);
      }
    },
  },
];
