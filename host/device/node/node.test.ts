import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { type Engine, loadEngine } from '../engine/index.ts';
import { CUT_MODES, type CutMode, MemoryFlash, PowerCut } from '../flash/index.ts';
import { transportPair } from '../link/index.ts';
import { constant, Node, type NodeOptions, type NodeState, runToEnd, sine, type TelemetryRecord } from './index.ts';
import { app, ENGINES, recorder, recorderText, TestShim } from './testing.ts';

const engine = await loadEngine('v8');

const flash = () => new MemoryFlash({ sizeBytes: 128 * 1024, pageBytes: 4096, writeBytes: 4 });
const mic = () => [{ name: 'mic', source: sine({ rateHz: 1000, frequencyHz: 3, amplitude: 1000, samples: 3000 }) }];

interface Watched {
  clock: VirtualClock;
  node: Node;
  telemetry: TelemetryRecord[];
  states: NodeState[];
  logs: string[];
}
function make(options: Partial<NodeOptions> = {}): Watched {
  const clock = (options.clock as VirtualClock | undefined) ?? new VirtualClock();
  const watched: Watched = { clock, telemetry: [], states: [], logs: [], node: undefined as unknown as Node };
  watched.node = new Node({
    id: 'n1',
    engine,
    clock,
    hooks: {
      onTelemetry: (record) => watched.telemetry.push(record),
      onState: (state) => watched.states.push(state),
      onLog: ({ text }) => watched.logs.push(text),
    },
    ...options,
  });
  return watched;
}
const seconds = (clock: VirtualClock, count: number) => clock.runUntil(clock.nowUs() + count * 1e6);

describe('a node with a module, without link and slots', () => {
  it('runs it to the end of its input in virtual time, with every sample', () => {
    const { clock, node, telemetry } = make({ module: recorder(), sensors: mic() });
    node.start();
    const endUs = runToEnd(clock, [node]);
    expect(endUs).toBe(4_000_000);
    expect(telemetry.flatMap(({ values }) => values).length).toBe(3000);
    expect(node.status().sensors.mic).toEqual({ produced: 3000, read: 3000, lost: 0, waiting: 0 });
    expect(telemetry[0]).toMatchObject({ name: 'samples', unit: '1', seq: 0, tMs: null, t0Us: 10_000 });
    expect(node.status()).toMatchObject({ boot: 1, health: 1, fault: null, faults: 0, misses: 0, link: null });
    node.close();
    expect(clock.runNext()).toBe(false);
  });

  it('produces identical output each time, and other output with another seed', () => {
    const random = app({
      init: `(call $metric (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0))`,
      more: '(data (i32.const 0) "r")',
      step: `(i32.store (i32.const 64) (call $random))
        (drop (call $publish (i32.const 0) (call $time_now) (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 0)))
        (i64.add (local.get $now) (i64.const 7000))`,
    });
    const run = (seed: number, on: Engine = engine) => {
      const { clock, node, telemetry } = make({ engine: on, module: random, seed, utcMs: 1e12 });
      node.start();
      runToEnd(clock, [node], { limitUs: 1e6 });
      return telemetry;
    };
    expect(run(1).length).toBe(143);
    for (const [, other] of ENGINES) if (other !== null) expect(run(1, other)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
    expect(run(1)[3]!.tMs).toBe(1e12 + 21);
  });

  it('calls the next step at the time that the module returned, and never twice at one time', () => {
    const steps: number[] = [];
    const module = app({
      step: `(drop (call $event (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 1))) (i64.const 0)`,
      more: '(data (i32.const 0) "e\\00")',
    });
    const { clock, node } = make({ module, hooks: { onEvent: ({ tUs }) => steps.push(tUs) } });
    node.start();
    clock.runUntil(350);
    expect(steps).toEqual([0, 100, 200, 300]);
  });

  it('never steps again when the module returned never', () => {
    const { clock, node } = make({ module: app({ step: '(i64.const 0x7fffffffffffffff)' }) });
    node.start();
    seconds(clock, 3600);
    expect(node.status().steps).toBe(1);
  });

  it('keeps a simulated processor busy for the fuel of a step, and counts missed deadlines', () => {
    const spin = `(local.set $i (i32.const 1000)) (loop $l (call $burn)
      (local.set $i (i32.sub (local.get $i) (i32.const 1))) (br_if $l (local.get $i)))
      (i64.add (local.get $now) (i64.const 1000))`;
    const { clock, node } = make({ module: app({ step: spin }), fuelPerMs: 5, limits: { lateMs: 100 } });
    node.start();
    seconds(clock, 1);
    expect(node.status()).toMatchObject({ steps: 6, maxFuel: 1000n, misses: 6 });
  });
});

describe('commands and configuration', () => {
  const echo = app(
    {
      more: '(data (i32.const 0) "blinkcthreshold")',
      init: `(drop (call $metric (i32.const 5) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
        (drop (call $subscribe (i32.const 0) (i32.const 5))) (i32.const 0)`,
      message: `(i32.store (i32.const 64) (local.get $id))
        (i32.store (i32.const 68) (call $message_read (i32.const 128) (i32.const 64)))
        (i32.store (i32.const 72) (i32.load8_u (i32.const 128)))
        (i32.store (i32.const 76) (call $config (i32.const 6) (i32.const 9) (i32.const -1)))
        (drop (call $publish (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 0)))
        (if (i32.eq (i32.load8_u (i32.const 128)) (i32.const 99)) (then (unreachable)))`,
    },
    { commands: ['blink'] },
  );

  it('reach the module, and the configuration survives a restart', () => {
    const chip = flash();
    const first = make({ module: echo, flash: chip, config: { threshold: 5 } });
    first.node.start();
    expect(first.node.command('blink', Uint8Array.of(7))).toEqual({ ok: true, text: '' });
    const text = "the module takes no command 'jump'";
    expect(first.node.command('jump', Uint8Array.of(7))).toEqual({ ok: false, text });
    first.node.setConfig({ threshold: 300 });
    expect(first.telemetry.map(({ values }) => values)).toEqual([
      [0, 1, 7, 5],
      [-1, 0, 7, 300],
    ]);
    first.node.close();
    const second = make({ module: echo, flash: chip, config: { threshold: 5 } });
    second.node.start();
    second.node.command('blink', Uint8Array.of(1));
    expect(second.telemetry[0]!.values).toEqual([0, 1, 1, 300]);
    expect(second.node.boot).toBe(2);
  });

  it('that are too large are rejected and change nothing', () => {
    const { node } = make({ module: echo, config: { threshold: 5 } });
    node.start();
    const large = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${'k'.repeat(40)}${i}`, 70_000 + i]));
    expect(() => node.setConfig(large)).toThrow('Use fewer or shorter settings');
    expect(node.status().config).toEqual({ threshold: 5 });
  });

  it('that make the module fault are answered with the fault', () => {
    const { node } = make({ module: echo });
    node.start();
    expect(node.command('blink', Uint8Array.of(99))).toMatchObject({
      ok: false,
      text: expect.stringContaining('unreachable'),
    });
    expect(node.command('blink', Uint8Array.of(1))).toEqual({ ok: false, text: 'no module runs' });
  });
});

describe.each(ENGINES)('with %s a fault of the module', (_name, engine) => {
  if (engine === null) {
    it.skip('needs a C compiler (apt-get install gcc)', () => {});
    return;
  }
  const overflow = '(func $deep (result i64) (i64.add (i64.const 1) (call $deep)))';
  const rows: [string, Parameters<typeof app>[0], string, string][] = [
    ['a trap in init', { init: '(unreachable)' }, 'TRAP_UNREACHABLE', 'init'],
    ['init that refuses', { init: '(i32.const -3)' }, 'MODULE_INIT', 'init'],
    ['a trap in step', { step: '(unreachable)' }, 'TRAP_UNREACHABLE', 'step'],
    [
      'a division by zero',
      { step: '(drop (i32.div_u (i32.const 1) (local.get $i))) (i64.const 0)' },
      'TRAP_DIVIDE',
      'step',
    ],
    ['an endless loop', { step: '(loop $l (call $burn) (br $l)) (i64.const 0)' }, 'TRAP_FUEL', 'step'],
    ['a stack overflow', { step: '(call $deep)', more: overflow }, 'TRAP_STACK', 'step'],
    [
      'a write past memory',
      { step: '(i32.store (i32.const 65536) (i32.const 1)) (i64.const 0)' },
      'TRAP_MEMORY',
      'step',
    ],
    [
      'a write past what it declared',
      { step: '(i32.store (i32.const 5000) (i32.const 1)) (i64.const 0)', memoryBytes: 4096 },
      'TRAP_MEMORY',
      'step',
    ],
    [
      'a bad pointer to the host',
      { step: '(call $log (i32.const 0) (i32.const -4) (i32.const 9)) (i64.const 0)' },
      'TRAP_MEMORY',
      'step',
    ],
    ['a trap in health', { health: '(unreachable)' }, 'TRAP_UNREACHABLE', 'health'],
    ['an endless loop in health', { health: '(loop $l (call $burn) (br $l)) (i32.const 1)' }, 'TRAP_FUEL', 'health'],
  ];
  it.each(rows)(
    '%s is reported with its code and call, and the module is restarted with growing delays',
    (_, text, code, during) => {
      const { clock, node, states } = make({ engine, module: app(text), limits: { lateMs: 1e9 } });
      node.start();
      const faults = () => states.filter((state) => state.kind === 'fault');
      expect(faults()).toEqual([
        {
          kind: 'fault',
          during,
          reason: { code, text: expect.stringMatching(new RegExp(`^${during}( at 0x[0-9a-f]+)?: `)) },
        },
      ]);
      expect(node.status()).toMatchObject({ module: null, fault: { code, during }, resets: 0 });
      seconds(clock, 1);
      expect(node.status().resets).toBe(1);
      seconds(clock, 3600);
      // After 1, 2, 4, 8, 16 and 32 s, then every 60 s.
      expect(faults().length).toBeGreaterThan(60);
      expect(faults().length).toBeLessThan(70);
      node.close();
    },
  );

  it('a module that needs more memory than the node has does not start', () => {
    const { node } = make({ engine, module: app({}), limits: { memoryBytes: 65_535 } });
    node.start();
    expect(node.status().fault).toMatchObject({ code: 'MODULE_MEMORY', during: 'load' });
  });

  it('reported by its health is logged once', () => {
    const { clock, node, logs, states } = make({ engine, module: app({ health: '(i32.const -7)' }) });
    node.start();
    seconds(clock, 10);
    expect(logs).toEqual(['the module says that it is failing (-7)']);
    expect(states.filter(({ kind }) => kind === 'health').length).toBe(1);
    expect(node.status().health).toBe(-7);
  });

  it('a flood of telemetry is limited in each step and in memory', () => {
    const flood = app({
      more: '(data (i32.const 0) "m")',
      init: '(call $metric (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))',
      step: `(loop $l (call $burn)
        (drop (call $publish (i32.const 0) (local.get $now) (i32.const 1) (i32.const 0) (i32.const 1024) (i32.const 0)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $l (i32.lt_s (local.get $i) (i32.const 500)))) (i64.const 0)`,
    });
    const { clock, node, telemetry } = make({ engine, module: flood, link: {}, utcMs: 0 });
    node.start();
    clock.runUntil(1000);
    expect(telemetry.length).toBe(64 * 11);
    expect(node.status().outbox).toEqual({ waiting: 64, droppedTelemetry: 64 * 10, droppedLogs: 0 });
  });
});

describe('state in flash', () => {
  /** Increments a stored number at each step, and publishes the stored number at its start. */
  const counter = app({
    more: '(data (i32.const 0) "n")',
    init: `(drop (call $metric (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
      (drop (call $kv_get (i32.const 0) (i32.const 1) (i32.const 64) (i32.const 4)))
      (drop (call $publish (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 0)))
      (i32.const 0)`,
    step: `(i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
      (drop (call $kv_set (i32.const 0) (i32.const 1) (i32.const 64) (i32.const 4)))
      (i64.add (local.get $now) (i64.const 1000))`,
  });

  it('survives a restart after any number of steps', () => {
    const chip = flash();
    let total = 0;
    for (let steps = 1; steps < 40; steps++) {
      const { clock, node, telemetry } = make({ module: counter, flash: chip });
      node.start();
      clock.runUntil((steps - 1) * 1000);
      expect(telemetry[0]!.values).toEqual([total]);
      expect(node.boot).toBe(steps);
      total += steps;
      node.close();
    }
  });

  it('survives a power cut at every flash operation, in every mode', () => {
    for (const mode of CUT_MODES) {
      for (let operations = 0; operations < 40; operations++) sweep(mode, operations);
    }
  });

  function sweep(mode: CutMode, operations: number): void {
    const chip = flash();
    let steps = 0;
    const run = () => {
      const { clock, node } = make({ module: counter, flash: chip });
      // `start` includes the first step.
      for (node.start(); ; clock.runNext()) steps++;
    };
    chip.cutAfter(operations, mode);
    expect(run).toThrow(PowerCut);
    chip.restart();
    // A value whose write was acknowledged is present; that of the interrupted write may be.
    const { node, telemetry } = make({ module: counter, flash: chip });
    node.start();
    const found = telemetry[0]!.values[0]!;
    expect(found).toBeGreaterThanOrEqual(steps);
    expect(found).toBeLessThanOrEqual(steps + 1);
    node.close();
  }
});

describe('a node with a link', () => {
  it('sends its birth, learns the time, and sends earlier data with the right time', () => {
    const { clock, node } = make({ module: recorder(100_000), sensors: mic(), link: {} });
    const shim = new TestShim(clock);
    node.start();
    seconds(clock, 1);
    const pair = transportPair(clock, { delayMs: 20 });
    node.attach(pair.a);
    shim.attach(pair.b);
    seconds(clock, 4);
    expect(shim.got[0]).toMatchObject({
      type: 'birth',
      node: 'n1',
      boot: 1,
      module: { name: 'test', version: '1.0.0', slot: 0, state: 'confirmed' },
      metrics: [{ name: 'samples', unit: '1', exponent: 0 }],
    });
    const frames = shim.get('telemetry');
    expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, i) => i));
    expect(frames.flatMap(({ values }) => values).length).toBe(3000);
    // Frame 0 is of 0.1 s. Both directions take 20 ms, so the clock is exact.
    expect(frames[0]!.t0Ms).toBe(1_790_000_000_100);
  });

  it.each([
    ['begins', 0, 1.5, ['birth', 'log', 'telemetry', 'telemetry', 'log']],
    ['faults in it', -1, 0.5, ['birth', 'log', 'telemetry', 'log']],
  ])(
    'sends the birth right after init, before the messages of init: a module that %s',
    (_, answer, fromS, expected) => {
      const publish =
        '(drop (call $publish (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 0)))';
      const module = app({
        more: '(data (i32.const 0) "x")',
        init: `(call $log (i32.const 2) (i32.const 0) (i32.const 1))
        (drop (call $metric (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
        ${publish} (i32.const ${answer})`,
        step: `${publish} (if (i64.gt_s (local.get $now) (i64.const 900000)) (then (unreachable)))
        (i64.add (local.get $now) (i64.const 500000))`,
      });
      const { clock, node } = make({ module, link: {} });
      const shim = new TestShim(clock);
      const pair = transportPair(clock);
      node.start();
      node.attach(pair.a);
      shim.attach(pair.b);
      // It faulted and is restarted within the next second.
      seconds(clock, fromS);
      shim.got.length = 0;
      seconds(clock, 1);
      expect(shim.got.map(({ type }) => type)).toEqual(expected);
    },
  );

  it('stores events and the newest telemetry while the link is down, and shows the gap', () => {
    const busy = app({
      more: '(data (i32.const 0) "m\\00")',
      init: '(call $metric (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))',
      step: `(drop (call $publish (i32.const 0) (local.get $now) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0)))
        (if (i64.eqz (i64.rem_u (local.get $now) (i64.const 1000000)))
          (then (drop (call $event (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 1)))))
        (i64.add (local.get $now) (i64.const 10000))`,
    });
    const outbox = { telemetryFrames: 100, telemetryValues: 1000, events: 64, logs: 8 };
    const { clock, node } = make({ module: busy, link: { outbox } });
    const shim = new TestShim(clock);
    node.start();
    seconds(clock, 10.005);
    expect(node.status().outbox).toMatchObject({ droppedTelemetry: 901 });
    const pair = transportPair(clock);
    node.attach(pair.a);
    shim.attach(pair.b);
    clock.runUntil(clock.nowUs() + 4000);
    expect(shim.get('event').map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(shim.get('telemetry').map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, i) => 901 + i));
  });

  it('answers commands and accepts a configuration over the link', () => {
    const { clock, node } = make({ module: app({}), link: {} });
    const shim = new TestShim(clock);
    const pair = transportPair(clock);
    node.start();
    node.attach(pair.a);
    shim.attach(pair.b);
    shim.send({ type: 'command', id: 5, name: 'jump', body: new Uint8Array(0) });
    shim.send({ type: 'config', values: { threshold: 9 } });
    seconds(clock, 1);
    expect(shim.get('result')).toEqual([
      { type: 'result', id: 5, ok: false, reason: { code: '', text: "the module takes no command 'jump'" } },
    ]);
    expect(node.status().config).toEqual({ threshold: 9 });
  });

  it('sends a birth to a shim that restarted, and repeats what the old one did not acknowledge', () => {
    const { clock, node } = make({ module: recorder(100_000), sensors: mic(), link: {} });
    const first = new TestShim(clock);
    node.start();
    const pair = transportPair(clock, { delayMs: 200 });
    node.attach(pair.a);
    first.attach(pair.b);
    seconds(clock, 2.05);
    pair.cut();
    seconds(clock, 1);
    const second = new TestShim(clock);
    const next = transportPair(clock);
    node.attach(next.a);
    second.attach(next.b);
    seconds(clock, 2);
    expect(second.got[0]!.type).toBe('birth');
    const all = [...first.get('telemetry'), ...second.get('telemetry')].map(({ seq }) => seq);
    expect([...new Set(all)]).toEqual(Array.from({ length: 30 }, (_, i) => i));
    expect(first.got.length).toBeGreaterThan(8);
  });

  it('sends the same bytes for the same inputs', () => {
    const run = () => {
      const { clock, node } = make({
        module: app({ ...recorderText(), health: '(i32.const 0)' }),
        sensors: mic(),
        link: { newSessionId: () => 77 },
      });
      const pair = transportPair(clock);
      const bytes: number[] = [];
      const { a } = pair;
      node.start();
      const write = (part: Uint8Array) => {
        bytes.push(...part);
        a.write(part);
      };
      node.attach({ ...a, write });
      new TestShim(clock).attach(pair.b);
      seconds(clock, 4);
      return bytes;
    };
    expect(run().length).toBeGreaterThan(3000);
    expect(run()).toEqual(run());
  });

  it('rejects a stream when it was created without a link', () => {
    const { clock, node } = make({ module: app({}), sensors: [{ name: 'mic', source: constant({ rateHz: 1 }, 0) }] });
    expect(() => node.attach(transportPair(clock).a)).toThrow('`link` option');
  });
});
