/** Packages that are sent to a node, and their outcome. */
import { createHash } from 'node:crypto';
import { METRIC, type ProbeOptions, probeWasm, script } from './probe.ts';
import type { Scenario } from './scenario.ts';
import { GROUP, NODE_ID, type PackageText, packageOf, type Setup, stranger, type World } from './world.ts';

/** Two of these exceed the memory of the smallest board. */
const LARGE: PackageText = { wasm: probeWasm({ memoryBytes: 16_384 }), memoryBytes: 16_384 };

/** Publishes its metric's name in `init` and every 100 ms. */
const PUBLISHES_NAME: Setup['kv'] = {
  init: script(['publish', 0, 0, 0, METRIC, 1, 0], ['log', 2, 'begins'], ['period', 100_000]),
  step: script(['publish', 0, 0, 0, METRIC, 1, 0]),
};
const of = (sequence: number, metric: string, options: ProbeOptions = {}): PackageText => ({
  sequence,
  wasm: probeWasm({ metric, ...options }),
});

interface Push {
  /** Pushed after the present module has run for 200 ms. */
  next: PackageText;
  setup?: Setup;
  ms?: number;
  after?(world: World): Promise<void>;
  shows: string[];
}

const push = (name: string, { next, setup = {}, ms = 5000, after, shows }: Push): Scenario => ({
  name,
  setup,
  shows,
  async run(world) {
    await world.start();
    await world.run(200);
    world.push(next);
    await world.run(ms);
    await after?.(world);
  },
});

const restartAfter = async (world: World) => {
  await world.restart();
  await world.run(3000);
};

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());

const without = (leaveOut: string): PackageText => ({ sequence: 2, wasm: probeWasm({ leaveOut }) });
const REFUSED: [name: string, next: PackageText, code: string][] = [
  ['signed with an untrusted key', { sequence: 2, key: stranger }, 'PKG_KEY'],
  ['with a wrong signature', { sequence: 2, forged: true }, 'PKG_SIGNATURE'],
  ['of an ABI that is newer', { sequence: 2, abi: 0x1_0063 }, 'PKG_ABI'],
  ['of another major ABI', { sequence: 2, abi: 0x2_0000 }, 'PKG_ABI'],
  ['that needs too much memory', { sequence: 2, memoryBytes: 60_000 }, 'PKG_MEMORY'],
  ['that needs a sensor', { sequence: 2, sensors: ['mic', 'nose'] }, "NODE_SENSOR The module needs the sensor 'mic'"],
  ['for no product', { sequence: 2, product: '' }, 'PKG_TARGET'],
  ['for another product', { sequence: 2, product: 'pres' }, 'PKG_TARGET'],
  ['for another node', { sequence: 2, node: 'under-test-2' }, 'PKG_TARGET'],
  ['for another group', { sequence: 2, group: 'hall-3' }, 'PKG_TARGET'],
  ['of a sequence that was confirmed', { sequence: 1, name: 'other' }, 'OTA_ROLLBACK'],
  ['whose memory is not what its module says', { sequence: 2, memoryBytes: 4096 }, 'PKG_METADATA'],
  ...['init', 'step', 'on_message', 'health', 'abi_version', 'memory_bytes'].map(
    (name): [string, PackageText, string] => [`without ${name}`, without(name), 'WASM_EXPORT'],
  ),
];

export const UPDATES: Scenario[] = [
  push('a good package is swapped in, confirmed, and there after a restart', {
    shows: [
      'ota trial 2',
      ' swap ',
      ' lost 0',
      'ota confirmed 2',
      'birth 2 probe 1.0.2 confirmed',
      'ota confirmed 5',
      'birth 3 probe 1.0.5',
    ],
    next: { sequence: 2 },
    after: async (world) => {
      await restartAfter(world);
      world.push({ sequence: 5 });
      await world.run(4000);
      await restartAfter(world);
    },
  }),
  push('a module that may not fit beside the old one', {
    shows: ['ota trial 2', 'ota confirmed 2', 'ota confirmed 3'],
    setup: { module: LARGE },
    next: { sequence: 2, ...LARGE },
    after: async (world) => {
      world.push({ sequence: 3 });
      await world.run(4000);
    },
  }),
  push('the first package of a node that has none', {
    shows: ['birth 1 nothing', 'ota confirmed 1', 'birth 2 probe 1.0.1 confirmed'],
    next: { sequence: 1 },
    setup: { module: null },
    after: restartAfter,
  }),
  push('a package for this node and its group is confirmed', {
    shows: ['ota confirmed 2'],
    next: { sequence: 2, node: NODE_ID, group: GROUP },
  }),
  push('the last sequence of all is refused, and later packages are accepted', {
    shows: ['PKG_SEQUENCE', 'ota confirmed 2'],
    next: { sequence: 0xffff_ffff },
    async after(world) {
      world.push({ sequence: 2 });
      await world.run(4000);
    },
  }),
  ...[
    { what: 'that an untrusted key has signed', module: { key: stranger }, code: 'PKG_KEY' },
    { what: 'with a wrong signature', module: { forged: true }, code: 'PKG_SIGNATURE' },
  ].map(({ what, module, code }) =>
    push(`a package in the slot ${what} does not start`, {
      shows: [code, 'birth 1 nothing', 'ota confirmed 2'],
      setup: { module },
      next: { sequence: 2 },
    }),
  ),
  {
    name: 'a package that is offered under another sequence is refused',
    shows: ['PKG_SEQUENCE'],
    setup: {},
    async run(world) {
      await world.start();
      await world.run(200);
      world.shim.push(packageOf({ sequence: 3 }), 2);
      await world.run(2000);
    },
  },
  ...REFUSED.map(([name, next, code]) =>
    push(`a package ${name} is refused`, { next, ms: 2000, shows: [`0/`, ` ${code}`] }),
  ),
  {
    name: 'a refused package is refused again without a transfer, until another package arrives',
    shows: ['PKG_KEY', 'ota confirmed 3'],
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
  push('a module on trial that never becomes healthy', {
    shows: ['rolledback 2', 'TRIAL_UNHEALTHY', 'OTA_FAILED_BEFORE', 'birth 2 probe 1.0.1'],
    next: { sequence: 2, wasm: probeWasm({ answer: 0 }) },
    after: async (world) => {
      world.push({ sequence: 2, wasm: probeWasm({ answer: 0 }) });
      await world.run(500);
      world.push({ sequence: 2 });
      await world.run(500);
      await restartAfter(world);
    },
  }),
  push('a module on trial that becomes healthy late', {
    shows: ['ota trial 2', 'ota confirmed 2'],
    next: { sequence: 2, wasm: probeWasm({ answer: 0 }) },
    ms: 2500,
    after: async (world) => {
      world.command(1, script(['health', 1]));
      await world.run(2000);
    },
  }),
  push('a module on trial whose health is failing', {
    shows: ['HEALTH_FAILING'],
    next: { sequence: 2, wasm: probeWasm({ answer: -4 }) },
  }),
  push('a module on trial that faults in init', {
    shows: ['ota swapping 2', 'ota rolledback 2', 'TRAP_UNREACHABLE init at 0x'],
    next: { sequence: 2, wasm: probeWasm({ faultIn: 'init' }) },
  }),
  push('a module on trial that faults in its first step', {
    shows: ['TRAP_UNREACHABLE step at 0x'],
    next: { sequence: 2, wasm: probeWasm({ faultIn: 'step' }) },
  }),
  push('a module on trial that faults in health', {
    shows: ['TRAP_UNREACHABLE health at 0x'],
    next: { sequence: 2, wasm: probeWasm({ faultIn: 'health' }) },
  }),
  push('a module on trial that faults in a command', {
    shows: ['TRAP_DIVIDE on_message at 0x', 'result 1 false on_message at 0x'],
    next: { sequence: 2, wasm: probeWasm({ answer: 0 }) },
    ms: 1000,
    after: async (world) => {
      world.command(1, script(['divide', 0]));
      await world.run(2000);
    },
  }),
  push('a trial that a power cut interrupts', {
    shows: ['birth 2 probe 1.0.1', 'TRIAL_INTERRUPTED', 'ota confirmed 3'],
    next: { sequence: 2, wasm: probeWasm({ answer: 0 }) },
    ms: 2000,
    after: async (world) => {
      await restartAfter(world);
      world.push({ sequence: 2, wasm: probeWasm({ answer: 0 }) });
      await world.run(500);
      world.push({ sequence: 3 });
      await world.run(4000);
    },
  }),
  push('another package while one is on trial', {
    shows: ['OTA_BUSY', 'TRIAL_UNHEALTHY'],
    next: { sequence: 2, wasm: probeWasm({ answer: 0 }) },
    ms: 1500,
    after: async (world) => {
      world.push({ sequence: 3 });
      await world.run(4000);
    },
  }),
  push('a transfer that a power cut interrupts continues', {
    shows: ['ota receiving 2 16384/', 'ota confirmed 2'],
    next: { sequence: 2, rom: new Uint8Array(20_000).fill(7) },
    ms: 6,
    after: async (world) => {
      await world.restart();
      await world.run(4000);
    },
  }),
  push('a transfer whose remains after a power cut look like received data is repeated', {
    shows: ['ota receiving 2 32768/', 'ota confirmed 2'],
    next: { sequence: 2, rom: new Uint8Array(30_000).fill(7) },
    ms: 4,
    after: async (world) => {
      await world.stop();
      // The next page as an interrupted erase leaves it.
      const received = Buffer.from(world.flash).lastIndexOf(Buffer.alloc(64, 7)) + 64;
      world.flash.fill(0, received + 4096, received + 4160);
      await world.start();
      await world.run(5000);
    },
  }),
  ...[false, true].map(
    (back): Scenario => ({
      name: `a trial without a link ${back ? 'is confirmed when the link is back' : 'is rolled back'}`,
      shows: [back ? 'ota confirmed 2' : 'TRIAL_LINK_DOWN'],
      setup: {},
      async run(world) {
        await world.start();
        await world.run(200);
        world.push({ sequence: 2, wasm: probeWasm({ healthyAfter: 45 }), trialMs: 60_000 });
        await world.run(1000);
        world.disconnect();
        await world.run(50_000);
        if (back) world.connect();
        await world.run(15_000);
        world.connect();
        await world.run(10_000);
      },
    }),
  ),
  {
    name: 'modules with other metrics: each frame follows the birth that declares its metric',
    shows: [
      'birth 1 probe 1.0.2 trial metrics vibration',
      'birth 1 probe 1.0.3 trial metrics humidity',
      'HEALTH_FAILING',
    ],
    setup: { module: of(1, 'temperature'), kv: PUBLISHES_NAME },
    named: true,
    async run(world) {
      await world.start();
      await world.run(250);
      world.push(of(2, 'vibration'));
      await world.run(1000);
      world.push(of(3, 'humidity', { answer: -1 }));
      await world.run(1000);
      world.push(of(4, 'pressure', { faultIn: 'init' }));
      await world.run(1000);
      world.push(of(5, 'radiation', { faultIn: 'step' }));
      await world.run(1000);
    },
  },
  {
    name: 'the same with vitals behind the metrics of the module, whose number changes, and with faults',
    shows: ['metrics agent.stack', 'metrics vibration,agent.stack', 'metrics vibration commands'],
    setup: { module: of(1, ''), kv: { init: script(['period', 100_000]), ...PUBLISHES_NAME }, vitalsS: 1 },
    vitals: true,
    named: true,
    async run(world) {
      await world.start();
      await world.run(2500);
      world.push(of(2, 'vibration'));
      await world.run(2000);
      for (let id = 1; id <= 3; id++) {
        // The delay before each restart of the module grows, and the node sends vitals meanwhile.
        world.command(id, script(['health', 0], ['unreachable']));
        await world.run(id * 3000);
      }
      world.send({ type: 'config', values: { 'agent.vitals_s': 0 } });
      await world.run(1000);
    },
  },
  {
    name: 'chunks that are wrong, repeated, of an unknown transfer, or leave a gap',
    shows: ['ota receiving 2 0/0', 'PKG_FORMAT', 'OTA_TOO_LARGE', 'OTA_DIGEST'],
    setup: {},
    async run(world) {
      await world.start();
      await world.run(200);
      const bytes = packageOf({ sequence: 2 });
      const digest = sha256(bytes);
      const transfer = digest.slice(0, 8);
      const chunk = (offset: number, count: number) =>
        world.send({ type: 'chunk', transfer, offset, bytes: bytes.slice(offset, offset + count) });
      const offer = () => world.send({ type: 'offer', sha256: digest, sequence: 2, total: bytes.length });
      chunk(0, 100);
      offer();
      chunk(512, 100);
      // The signed manifest is longer.
      chunk(0, 100);
      await world.run(50);
      offer();
      chunk(0, 512);
      chunk(512, 100);
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
      await world.run(50);
      for (let at = 653; at < bytes.length - 10; at += 1000) chunk(at, Math.min(1000, bytes.length - 10 - at));
      world.send({ type: 'chunk', transfer, offset: bytes.length - 10, bytes: bytes.slice(0, 100) });
      await world.run(50);
      world.send({ type: 'chunk', transfer, offset: bytes.length - 10, bytes: new Uint8Array(10) });
      await world.run(200);
    },
  },
  {
    name: 'offers that no slot accepts',
    shows: ['OTA_TOO_LARGE', 'OTA_FORMAT', 'OTA_ROLLBACK', 'ota receiving 3 0/0'],
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
    name: 'offers while a slot is erased for another, a repeated offer, and a chunk before the answer',
    shows: ['ota receiving 3 0/0', 'OTA_ROLLBACK', 'PKG_FORMAT', 'ota confirmed 4'],
    setup: {},
    async run(world) {
      await world.start();
      await world.run(200);
      const [third, fourth] = [packageOf({ sequence: 3 }), packageOf({ sequence: 4 })];
      const offer = (bytes: Uint8Array, sequence: number) =>
        world.send({ type: 'offer', sha256: sha256(bytes), sequence, total: bytes.length });
      const chunk = (bytes: Uint8Array, offset: number, count = 1000) =>
        world.send({
          type: 'chunk',
          transfer: sha256(bytes).slice(0, 8),
          offset,
          bytes: bytes.slice(offset, offset + count),
        });
      offer(third, 3);
      chunk(third, 0, 512);
      offer(third, 3);
      offer(third, 3);
      offer(fourth, 1);
      chunk(third, 0, 20);
      offer(fourth, 4);
      await world.run(100);
      chunk(fourth, 0, 20);
      offer(fourth, 4);
      offer(fourth, 4);
      chunk(fourth, 0, 512);
      chunk(fourth, 0, 20);
      await world.run(100);
      for (let at = 0; at < fourth.length; at += 1000) chunk(fourth, at);
      await world.run(2000);
    },
  },
  {
    name: 'nine sequences that fail, and what is accepted afterwards',
    shows: ['HEALTH_FAILING', 'OTA_FAILED_BEFORE', 'ota confirmed 27'],
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
