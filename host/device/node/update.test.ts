import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Flash } from '../flash/index.ts';
import { Xorshift } from '../link/index.ts';
import { provision } from './storage.ts';
import {
  type AppText,
  app,
  appWasm,
  chip,
  metadataOf,
  mic,
  pack,
  recorder,
  settled,
  stranger,
  version2,
  World,
} from './testing.ts';
import { judgeTrial } from './trial.ts';

/** The package with one bit of its signature changed: that is the end of the first member. */
function forged(bytes: Uint8Array): Uint8Array {
  const last = 5 + bytes[5]!;
  return bytes.with(last, bytes[last]! ^ 1);
}

describe('an update', () => {
  it('arrives over the link, runs on trial and is confirmed, with every sample in order', () => {
    const world = settled();
    world.shim.push(pack(recorder(20_000, version2), 2), 2);
    world.run(2);
    expect(world.ota).toEqual(['receiving', 'verifying', 'swapping', 'trial', 'confirmed']);
    expect(world.node.status()).toMatchObject({
      module: { version: '2.0.0', state: 'confirmed' },
      resets: 0,
      faults: 0,
    });
    const trial = world.shim.get('ota').find(({ state }) => state === 'trial' && state)!;
    expect(trial.swapUs).toBeGreaterThanOrEqual(0);
    expect(trial.lost).toBe(0);
    const births = world.shim.get('birth').map(({ module }) => module && [module.version, module.state]);
    expect(births.at(-1)).toEqual(['2.0.0', 'confirmed']);
    expect(world.samples.every((value, i) => value === i)).toBe(true);
    world.restart();
    expect(world.running).toBe('2.0.0');
  });

  const refused: [string, () => Uint8Array, number, string][] = [
    ['signed with an untrusted key', () => pack(recorder(1e4, version2), 2, stranger.privateKey), 2, 'PKG_KEY'],
    ['with a changed byte', () => flipped(pack(recorder(1e4, version2), 2)), 2, 'PKG_'],
    ['that is noise', () => new Uint8Array(3000).fill(7), 2, ''],
    ['offered under another sequence', () => pack(recorder(1e4, version2), 3), 2, 'PKG_SEQUENCE'],
    ['for a product', () => pack(recorder(1e4, { ...version2, product: 'press' }), 2), 2, 'PKG_TARGET'],
    ['for another node', () => pack(recorder(1e4, { ...version2, node: 'n2' }), 2), 2, 'PKG_TARGET'],
    ['for a group', () => pack(recorder(1e4, { ...version2, group: 'hall-2' }), 2), 2, 'PKG_TARGET'],
    ['of the last sequence of all', () => pack(recorder(1e4, version2), 0xffff_ffff), 0xffff_ffff, 'PKG_SEQUENCE'],
    ['as old as the one that runs', () => pack(recorder(1e4, version2), 1), 1, 'OTA_ROLLBACK'],
    ['for a later ABI', () => pack(recorder(1e4, { ...version2, abi: 2 << 16 }), 2), 2, 'PKG_ABI'],
    [
      'that needs more memory than the node has',
      () => pack(app({}, { ...version2, memoryBytes: 1 << 30 }), 2),
      2,
      'PKG_MEMORY',
    ],
    [
      'that needs a sensor that does not exist',
      () => pack(recorder(1e4, { ...version2, sensors: ['radar'] }), 2),
      2,
      'NODE_SENSOR',
    ],
    [
      'with an invalid module',
      () => pack({ wasm: Uint8Array.of(1, 2), rom: new Uint8Array(0), metadata: metadataOf(version2) }, 2),
      2,
      'WASM_',
    ],
  ];
  it.each(refused)('%s is refused and nothing changes', (_, make, sequence, code) => {
    const world = settled();
    world.shim.push(make(), sequence);
    world.run(2);
    expect(world.ota.at(-1)).toBe('refused');
    expect(world.shim.get('ota').at(-1)!.reason!.code).toContain(code);
    expect(world.node.status()).toMatchObject({
      module: { version: '1.0.0', state: 'confirmed' },
      resets: 0,
      faults: 0,
    });
  });

  const failing: [string, AppText, string][] = [
    ['a trap in init', { init: '(unreachable)' }, 'TRAP_UNREACHABLE'],
    ['init that refuses', { init: '(i32.const -1)' }, 'MODULE_INIT'],
    ['a trap in the first step', { step: '(unreachable)' }, 'TRAP_UNREACHABLE'],
    ['a trap in a later step', laterStep('(unreachable)'), 'TRAP_UNREACHABLE'],
    ['an infinite loop', laterStep('(loop $l (call $burn) (br $l))'), 'TRAP_FUEL'],
    [
      'a stack overflow',
      { step: '(call $deep)', more: '(func $deep (result i64) (i64.add (i64.const 1) (call $deep)))' },
      'TRAP_STACK',
    ],
    ['a write past its memory', { step: '(i32.store (i32.const 70000) (i32.const 1)) (i64.const 0)' }, 'TRAP_MEMORY'],
    ['health that is never 1', { health: '(i32.const 0)' }, 'TRIAL_UNHEALTHY'],
    ['health that becomes negative', { health: healthLater('-5') }, 'HEALTH_FAILING'],
    [
      'steps that are never due',
      { step: '(i64.const 0x7fffffffffffffff)', health: '(i32.const 0)' },
      'TRIAL_UNHEALTHY',
    ],
    ['a flood without health', { ...flood(), health: '(i32.const 0)' }, 'TRIAL_UNHEALTHY'],
    ['a trap in health', { health: '(unreachable)' }, 'TRAP_UNREACHABLE'],
  ];
  it.each(failing)('with %s is rolled back after one reset, with the reason, and not tried again', (_, text, code) => {
    const world = settled({ sensors: [{ ...mic()[0]!, ringSamples: 5000 }] });
    const bytes = pack(app(text, version2), 2);
    world.shim.push(bytes, 2);
    world.run(4);
    expect(world.ota.slice(0, 3)).toEqual(['receiving', 'verifying', 'swapping']);
    expect(world.ota.at(-1)).toBe('rolledback');
    const status = world.shim.get('ota').at(-1)!;
    expect(status).toMatchObject({ state: 'rolledback', sequence: 2, reason: { code } });
    expect(world.node.status()).toMatchObject({ module: { version: '1.0.0', state: 'confirmed' }, resets: 1 });
    expect(world.states.filter(({ kind }) => kind === 'reset').length).toBe(1);
    // The old module continued where it was: no sample is missing.
    const samples = world.telemetry.filter(({ name }) => name === 'samples').flatMap(({ values }) => values);
    expect(samples.findIndex((value, i) => value !== i)).toBe(-1);
    expect(samples.length).toBeGreaterThan(3000);
    world.shim.push(bytes, 2);
    world.run(2);
    expect(world.shim.get('ota').at(-1)).toMatchObject({ state: 'rolledback', reason: { code } });
    world.restart();
    expect(world.running).toBe('1.0.0');
  });

  it.each([
    ['that an untrusted key has signed', 'PKG_KEY', pack(recorder(), 1, stranger.privateKey)],
    ['with a wrong signature', 'PKG_SIGNATURE', forged(pack(recorder(), 1))],
  ])('in the slot %s does not start', (_, code, bytes) => {
    const flash = chip();
    expect(provision(flash, 1, bytes)).toBe(true);
    const world = new World({}, flash);
    world.node.start();
    world.connect();
    world.run(1);
    expect(world.node.status().module).toBeNull();
    expect(world.shim.get('log').map(({ text }) => text)).toContainEqual(expect.stringContaining(code));
  });

  it('with more data than its memory never runs', () => {
    const world = settled();
    const text: AppText = { more: '(data (i32.const 8190) "abcd")', memoryBytes: 8192 };
    world.shim.push(pack({ ...app({}, version2), wasm: appWasm(text) }, 2), 2);
    world.run(4);
    expect(world.shim.get('ota').at(-1)).toMatchObject({ state: 'refused', reason: { code: 'WASM_MEMORY' } });
    expect(world.running).toBe('1.0.0');
  });

  it('whose steps are too slow for the node is rolled back', () => {
    const slow = laterStep(
      '(local.set $i (i32.const 2000)) (loop $l (call $burn) (local.set $i (i32.sub (local.get $i) (i32.const 1))) (br_if $l (local.get $i)))',
    );
    const world = settled({ fuelPerMs: 5, limits: { lateMs: 100 } }, app({}));
    world.shim.push(pack(app({ ...slow, health: '(i32.const 0)' }, version2), 2), 2);
    world.run(4);
    expect(world.shim.get('ota').at(-1)).toMatchObject({ state: 'rolledback', reason: { code: 'TRIAL_DEADLINE' } });
  });

  it.each([
    ['is healthy then', '(global.get $received)', 'confirmed', '', '2.0.0', { resets: 0, faults: 0 }],
    ['is not', '(i32.const 0)', 'rolledback', 'TRIAL_UNHEALTHY', '1.0.0', { resets: 1, faults: 0 }],
    [
      'is failing then',
      '(i32.sub (i32.const 0) (global.get $received))',
      'rolledback',
      'HEALTH_FAILING',
      '1.0.0',
      { resets: 1, faults: 0 },
    ],
    [
      'traps then',
      '(if (global.get $received) (then (unreachable))) (i32.const 0)',
      'rolledback',
      'TRAP_UNREACHABLE',
      '1.0.0',
      { resets: 1, faults: 1 },
    ],
  ])(
    'that does not step any more after a message is asked for its health once more at the end of its trial, and %s',
    (_, health, end, code, version, counts) => {
      const world = settled();
      const text: AppText = {
        more: '(global $received (mut i32) (i32.const 0))',
        step: '(i64.const 0x7fffffffffffffff)',
        message: '(global.set $received (i32.const 1))',
        health,
      };
      world.shim.push(pack(app(text, version2), 2), 2);
      world.run(1);
      world.node.setConfig({ threshold: 1 });
      expect(world.node.status().module).toMatchObject({ version: '2.0.0', state: 'trial' });
      world.run(2);
      expect(world.ota.slice(-2)).toEqual(['trial', end]);
      if (end === 'rolledback') expect(world.shim.get('ota').at(-1)).toMatchObject({ reason: { code } });
      expect(world.node.status()).toMatchObject({ module: { version, state: 'confirmed' }, ...counts });
    },
  );

  it('waits for the link before it is confirmed, and is rolled back without one', () => {
    for (const back of [true, false]) {
      const world = settled();
      const bytes = pack(recorder(1e4, version2), 2);
      world.shim.push(bytes, 2);
      while (!world.ota.includes('verifying')) world.clock.runNext();
      world.node.detach();
      world.run(1);
      expect(world.node.status().module).toMatchObject({ version: '2.0.0', state: 'trial' });
      if (back) world.connect();
      world.run(1.5);
      expect(world.ota.at(-1)).toBe(back ? 'confirmed' : 'rolledback');
      expect(world.running).toBe(back ? '2.0.0' : '1.0.0');
      if (back) continue;
      world.connect();
      world.run(1);
      expect(world.shim.get('ota').at(-1)).toMatchObject({ reason: { code: 'TRIAL_LINK_DOWN' } });
    }
  });

  it('whose trial a power cut interrupts is rolled back at the next start, and the reason is reported to the shim', () => {
    const world = settled();
    world.shim.push(pack(app({ health: '(i32.const 0)' }, version2), 2), 2);
    while (!world.ota.includes('trial')) world.clock.runNext();
    world.restart();
    expect(world.running).toBe('1.0.0');
    world.run(1);
    expect(world.shim.get('ota').at(-1)).toMatchObject({
      state: 'rolledback',
      sequence: 2,
      reason: { code: 'TRIAL_INTERRUPTED' },
    });
  });

  it('is replaced by another that is offered before its swap, so the package in the slot runs', () => {
    const world = settled();
    const [second, third] = [pack(recorder(20_000, version2), 2), pack(recorder(20_000, { version: '3.0.0' }), 3)];
    const offer = (bytes: Uint8Array, sequence: number) => {
      const sha256 = new Uint8Array(createHash('sha256').update(bytes).digest());
      world.shim.send({ type: 'offer', sha256, sequence, total: bytes.length });
      return { type: 'chunk' as const, transfer: sha256.slice(0, 8), offset: 0, bytes };
    };
    const chunk = offer(second, 2);
    world.shim.send(chunk);
    world.run(0.1);
    const next = offer(third, 3);
    world.run(0.1);
    world.shim.send(chunk);
    // Both arrive before the clock reaches the swap.
    world.shim.send(next);
    world.run(1);
    world.shim.send(next);
    world.run(3);
    expect(world.ota).not.toContain('rolledback');
    expect(world.node.status()).toMatchObject({ module: { version: '3.0.0', state: 'confirmed' }, faults: 0 });
    expect(world.shim.get('birth').at(-1)!.module).toMatchObject({ version: '3.0.0', sequence: 3 });
    world.restart();
    expect(world.running).toBe('3.0.0');
  });

  it('that fails on a node without a module leaves it without one, ready for the next', () => {
    const world = new World();
    world.node.start();
    world.connect();
    world.shim.push(pack(app({ init: '(unreachable)' }), 1), 1);
    world.run(2);
    expect(world.node.status()).toMatchObject({ module: null, resets: 1 });
    world.shim.push(pack(recorder(1e4, version2), 2), 2);
    world.run(2);
    expect(world.running).toBe('2.0.0');
  });

  it('on a node without a link is judged by its health only', () => {
    expect(judgeTrial({ health: 1, misses: 0, linkUp: null, timeout: false, trialMs: 9 })).toBe('confirm');
    expect(judgeTrial({ health: 1, misses: 0, linkUp: false, timeout: false, trialMs: 9 })).toBe('wait');
    expect(judgeTrial({ health: null, misses: 0, linkUp: null, timeout: false, trialMs: 9 })).toBe('wait');
    expect(judgeTrial({ health: null, misses: 0, linkUp: null, timeout: true, trialMs: 9 })).toMatchObject({
      code: 'TRIAL_UNHEALTHY',
    });
  });
});

describe('a swap', () => {
  it('at 100 random points neither loses nor duplicates a sample', () => {
    const random = new Xorshift(9);
    for (let run = 0; run < 100; run++) {
      const world = settled({}, recorder(5000 + random.below(60_000)));
      world.clock.runUntil(world.clock.nowUs() + random.below(500_000));
      world.shim.push(pack(recorder(5000 + random.below(60_000), version2), 2), 2);
      world.run(1.5);
      expect(world.ota.at(-1)).toBe('confirmed');
      const { samples } = world;
      expect(samples.every((value, i) => value === i)).toBe(true);
      const { produced, read, lost, waiting } = world.node.status().sensors.mic!;
      expect([lost, read, read + waiting]).toEqual([0, samples.length, produced]);
    }
  });

  it('reports the samples that a full ring lost during it', () => {
    // A flash so slow that the two journal records take longer than the ring can store.
    const inner = chip();
    let latencyUs = 0;
    let spend = (_us: number) => {};
    const slow: Flash = {
      sizeBytes: inner.sizeBytes,
      pageBytes: inner.pageBytes,
      writeBytes: inner.writeBytes,
      read: (address, length) => inner.read(address, length),
      program(address, bytes) {
        spend(latencyUs);
        inner.program(address, bytes);
      },
      erase: (page) => inner.erase(page),
      sync: () => inner.sync(),
    };
    const world = new World({}, slow);
    spend = (us) => world.clock.spend(us);
    world.node.start();
    world.connect();
    world.shim.push(pack(recorder(), 1), 1);
    world.run(1);
    world.states.length = 0;
    world.shim.push(pack(recorder(10_000, version2), 2), 2);
    while (!world.ota.includes('swapping')) {
      world.clock.runNext();
      if (world.ota.at(-1) === 'verifying') latencyUs = 400_000;
    }
    latencyUs = 0;
    world.run(1);
    const trial = world.shim
      .get('ota')
      .filter(({ state }) => state === 'trial')
      .at(-1)!;
    expect(trial.lost).toBeGreaterThan(100);
    const { produced, read, lost, waiting } = world.node.status().sensors.mic!;
    expect(lost).toBe(trial.lost);
    expect(read + lost + waiting).toBe(produced);
    expect(new Set(world.samples).size).toBe(world.samples.length);
  });
});

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[copy.length - 20]! ^= 1;
  return copy;
}
/** Runs `code` at its tenth step; its health is unknown before. */
function laterStep(code: string): AppText {
  return {
    more: '(global $count (mut i32) (i32.const 0))',
    step: `(global.set $count (i32.add (global.get $count) (i32.const 1)))
      (if (i32.gt_s (global.get $count) (i32.const 10)) (then ${code}))
      (i64.add (local.get $now) (i64.const 10000))`,
    health: '(i32.const 0)',
  };
}
function healthLater(value: string): string {
  return `(select (i32.const ${value}) (i32.const 0) (i64.gt_s (call $time_now) (i64.const 1500000)))`;
}
function flood(): AppText {
  return {
    more: '(data (i32.const 0) "m")',
    init: '(call $metric (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))',
    step: `(loop $l (call $burn)
      (drop (call $publish (i32.const 0) (local.get $now) (i32.const 1) (i32.const 0) (i32.const 1024) (i32.const 0)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_s (local.get $i) (i32.const 500)))) (i64.add (local.get $now) (i64.const 100000))`,
  };
}
