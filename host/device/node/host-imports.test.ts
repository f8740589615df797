import { beforeEach, describe, expect, it } from 'vitest';
import { cases, casesText } from '../../base/test-form.ts';
import {
  AbiError,
  AbiLimit,
  type Engine,
  type HostFunction,
  type Instance,
  Trap,
  type Value,
} from '../engine/index.ts';
import { LIMITS } from '../engine/testing.ts';
import { KeyValueStore, MemoryFlash } from '../flash/index.ts';
import { Xorshift } from '../link/index.ts';
import { CallLimit, type HostServices, hostImports, Misuse, ModuleContext, type Published } from './host-imports.ts';
import { Sensor } from './sensor.ts';
import { constant, samplesSource } from './sources.ts';
import { ENGINES, PASS_THROUGH } from './testing.ts';

const MEMORY = 8192;

let seen: {
  logs: [string, string][];
  taps: [string, Uint8Array][];
  frames: Published[];
  events: [string, Uint8Array][];
};
let context: ModuleContext;
let instance: Instance;
let nowUs: number;
let utcMs: number | null;
let room: boolean;

function setUp(engine: Engine): void {
  seen = { logs: [], taps: [], frames: [], events: [] };
  nowUs = 0;
  utcMs = null;
  room = true;
  const sensors = [
    new Sensor({ name: 'mic', source: samplesSource(Int16Array.of(1, -2, 3, -4, 5), 1000) }),
    new Sensor({ name: 'imu', source: constant({ rateHz: 50.5, channels: 3 }, 7) }),
  ];
  const services: HostServices = {
    nowUs: () => nowUs,
    utcMs: () => utcMs,
    random: () => 0xdead_beef,
    log: (level, text) => seen.logs.push([level, text]),
    tap: (name, data) => seen.taps.push([name, data]),
    sensor: (name) => sensors.find((one) => one.name === name),
    publish: (frame) => seen.frames.push(frame),
    event: (name, body) => room && seen.events.push([name, body]) > 0,
    config: (name) => (name === 'threshold' ? 200 : undefined),
    kv: KeyValueStore.open(new MemoryFlash({ sizeBytes: 8192, pageBytes: 4096, writeBytes: 4 })),
  };
  context = new ModuleContext(services, ['mic', 'imu', 'absent']);
  const imports: Record<string, HostFunction> = hostImports(context);
  instance = engine.load({
    wasm: PASS_THROUGH,
    rom: Uint8Array.of(9, 8, 7, 6),
    imports,
    limits: { ...LIMITS, memoryBytes: MEMORY },
  });
  context.instance = instance;
  context.begin('init');
}

/** Puts text or bytes into memory and returns the pointer and length arguments. */
let top = 0;
function put(content: string | Uint8Array): [number, number] {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  if (top + bytes.length > 6000) top = 0;
  instance.bytes(top, bytes.length).set(bytes);
  top += bytes.length;
  return [top - bytes.length, bytes.length];
}
const call = (name: string, ...args: Value[]) => instance.call(name, ...args);
const metric = (name: string, unit = 'Cel', exponent = -2) => call('metric', ...put(name), ...put(unit), exponent);
const OUTSIDE: [number, number][] = [
  [MEMORY - 1, 2],
  [MEMORY, 1],
  [-1, 1],
  [-2, 4],
  [0x7fff_ffff, 1],
];

describe.each(ENGINES)('on %s imports', (_engine, engine) => {
  if (engine === null) {
    it.skip('needs a C compiler (apt-get install gcc)', () => {});
    return;
  }
  beforeEach(() => setUp(engine));

  it('return the time of the step, and UTC when it is known', () => {
    nowUs = 1_234_567;
    expect(call('time_now')).toBe(1_234_567n);
    expect(call('time_utc')).toBe(-1n);
    utcMs = 1_790_000_000_000;
    expect(call('time_utc')).toBe(1_790_000_000_000n);
  });

  it('return random bits as an int32', () => {
    expect(call('random')).toBe(0xdead_beef | 0);
  });

  it('write log lines of every level, cut at their limit between characters', () => {
    for (const level of [0, 1, 2, 3, 99]) call('log', level, ...put('hello'));
    expect(seen.logs.map(([level]) => level)).toEqual(['error', 'warn', 'info', 'debug', 'error']);
    call('log', 2, ...put(`x${'é'.repeat(200)}`));
    expect(seen.logs.at(-1)![1]).toBe(`x${'é'.repeat(127)}`);
    call('log', 2, ...put(Uint8Array.of(0x61, 0xff, 0x62)));
    expect(seen.logs.at(-1)![1]).toBe('a\ufffdb');
  });

  it('pass taps as copies, independent of later changes of the buffer', () => {
    const [ptr, length] = put(Uint8Array.of(1, 2, 3));
    call('tap', ...put('features'), ptr, length);
    instance.bytes(ptr, length).fill(0);
    expect(seen.taps).toEqual([['features', Uint8Array.of(1, 2, 3)]]);
  });

  it('open only the sensors that the package names', () => {
    expect(call('sensor_open', ...put('mic'))).toBe(0);
    expect(call('sensor_open', ...put('imu'))).toBe(1);
    expect(call('sensor_open', ...put('mic'))).toBe(0);
    expect(call('sensor_open', ...put('absent'))).toBe(AbiError.NOT_FOUND);
    expect(call('sensor_open', ...put('camera'))).toBe(AbiError.DENIED);
    expect([call('sensor_rate', 1), call('sensor_frame_bytes', 1)]).toEqual([50_500, 6]);
  });

  it('read samples, their time and the number of lost ones', () => {
    call('sensor_open', ...put('mic'));
    nowUs = 3000;
    expect([call('sensor_available', 0), call('sensor_time', 0)]).toEqual([3, 1000n]);
    expect(call('sensor_read', 0, 4096, 2)).toBe(2);
    expect([...instance.bytes(4096, 4)]).toEqual([1, 0, 254, 255]);
    expect(call('sensor_read', 0, 4096, 100)).toBe(1);
    expect(call('sensor_read', 0, 4096, 100)).toBe(0);
    expect(call('sensor_read', 0, 4096, -1)).toBe(AbiError.INVALID);
    expect(call('sensor_lost', 0)).toBe(0);
    // Only the available samples must fit: a request for more than memory holds is no fault.
    nowUs = 4000;
    expect(call('sensor_read', 0, MEMORY - 2, 1000)).toBe(1);
  });

  it.each(['sensor_rate', 'sensor_frame_bytes', 'sensor_available', 'sensor_lost'])(
    '%s of an unknown handle is NOT_FOUND',
    (name) => {
      for (const handle of [0, 1, -1, 2 ** 31 - 1]) expect(call(name, handle)).toBe(AbiError.NOT_FOUND);
      expect(call('sensor_read', 5, 0, 1)).toBe(AbiError.NOT_FOUND);
      expect(call('sensor_time', 5)).toBe(BigInt(AbiError.NOT_FOUND));
    },
  );

  it('declare metrics only in init, each once, up to the limit', () => {
    expect([metric('temperature'), metric('humidity')]).toEqual([0, 1]);
    expect(context.metrics[0]).toEqual({ name: 'temperature', unit: 'Cel', exponent: -2 });
    expect(metric('temperature')).toBe(AbiError.INVALID);
    expect([metric('u', '\u0085'), metric('v', '\ufdd0')]).toEqual([AbiError.INVALID, AbiError.INVALID]);
    expect([metric('a', 'Cel', 19), metric('b', 'Cel', -19)]).toEqual([AbiError.INVALID, AbiError.INVALID]);
    expect(metric('c', 'x'.repeat(33))).toBe(AbiError.TOO_LARGE);
    for (let i = 2; i < 64; i++) expect(metric(`m${i}`)).toBe(i);
    expect(metric('one too many')).toBe(AbiError.FULL);
    context.begin('step');
    expect(metric('late')).toBe(AbiError.INVALID);
  });

  it('publish int32 values, and reject arguments out of bounds', () => {
    metric('temperature');
    const values = new Uint8Array(Int32Array.of(-1, 2 ** 31 - 1, -(2 ** 31)).buffer);
    const [ptr] = put(values);
    expect(call('publish', 0, 5_000_000n, 1000, ptr, 3, 7)).toBe(AbiError.OK);
    expect(seen.frames).toEqual([
      { metric: 0, t0Us: 5_000_000, dtUs: 1000, values: [-1, 2 ** 31 - 1, -(2 ** 31)], quality: 7 },
    ]);
    const rows: [Value[], number][] = [
      [[1, 0n, 0, ptr, 1, 0], AbiError.NOT_FOUND],
      [[-1, 0n, 0, ptr, 1, 0], AbiError.NOT_FOUND],
      [[0, 0n, 0, ptr, 0, 0], AbiError.INVALID],
      [[0, 0n, 0, ptr, -5, 0], AbiError.INVALID],
      [[0, 0n, 0, ptr, 1025, 0], AbiError.TOO_LARGE],
      [[0, 0n, -1, ptr, 1, 0], AbiError.INVALID],
      [[0, -1n, 0, ptr, 1, 0], AbiError.INVALID],
      [[0, 2n ** 62n, 0, ptr, 1, 0], AbiError.INVALID],
      [[0, 0n, 0, ptr, 1, 256], AbiError.INVALID],
    ];
    for (const [args, code] of rows) expect(call('publish', ...args)).toBe(code);
    expect(seen.frames.length).toBe(1);
  });

  it('limit how much one call may publish, send, log and write', () => {
    metric('m');
    const count = (run: () => unknown) =>
      Array.from({ length: 300 }, run).filter((code) => code === AbiError.OK).length;
    expect(count(() => call('publish', 0, 0n, 0, 0, 1, 0))).toBe(CallLimit.publishes);
    expect(count(() => call('event', ...put('e'), ...put(Uint8Array.of(0))))).toBe(CallLimit.events);
    expect(count(() => call('kv_set', ...put('k'), ...put('v')))).toBe(CallLimit.writes);
    for (let i = 0; i < 100; i++) call('log', 0, 0, 0);
    expect([seen.logs.length, context.droppedLogs]).toEqual([CallLimit.logs, 100 - CallLimit.logs]);
    context.begin('step');
    expect(call('publish', 0, 0n, 0, 0, 1, 0)).toBe(AbiError.OK);
  });

  it('send events with one CBOR item, while there is room', () => {
    expect(call('event', ...put('keyword'), ...put(Uint8Array.of(0xa1, 0x61, 0x6b, 2)))).toBe(AbiError.OK);
    expect(seen.events).toEqual([['keyword', Uint8Array.of(0xa1, 0x61, 0x6b, 2)]]);
    expect(call('event', ...put('x'), ...put(Uint8Array.of(0x82, 1)))).toBe(AbiError.INVALID);
    expect(call('event', ...put('x'), ...put(new Uint8Array(AbiLimit.event + 1)))).toBe(AbiError.TOO_LARGE);
    room = false;
    expect(call('event', ...put('x'), ...put(Uint8Array.of(0)))).toBe(AbiError.FULL);
  });

  it('subscribe only in init, and return one id for a command', () => {
    expect([
      call('subscribe', ...put('blink')),
      call('subscribe', ...put('beep')),
      call('subscribe', ...put('blink')),
    ]).toEqual([0, 1, 0]);
    for (let i = 2; i < 32; i++) expect(call('subscribe', ...put(`c${i}`))).toBe(i);
    expect(call('subscribe', ...put('more'))).toBe(AbiError.FULL);
    context.begin('message');
    expect(call('subscribe', ...put('late'))).toBe(AbiError.INVALID);
  });

  it('read the message only inside on_message', () => {
    expect(call('message_read', 0, 10)).toBe(AbiError.INVALID);
    context.begin('message');
    context.message = Uint8Array.of(4, 5, 6);
    expect(call('message_read', 100, 2)).toBe(AbiError.TOO_LARGE);
    expect(call('message_read', 100, 3)).toBe(3);
    expect([...instance.bytes(100, 3)]).toEqual([4, 5, 6]);
  });

  it('return settings, or the default, also for an invalid name', () => {
    expect(call('config', ...put('threshold'), -7)).toBe(200);
    expect(call('config', ...put('other'), -7)).toBe(-7);
    expect(call('config', ...put('x'.repeat(65)), -7)).toBe(-7);
  });

  it('store, return and remove values', () => {
    expect(call('kv_get', ...put('k'), 0, 10)).toBe(AbiError.NOT_FOUND);
    expect(call('kv_set', ...put('k'), ...put('value'))).toBe(AbiError.OK);
    expect(call('kv_get', ...put('k'), 7000, 4)).toBe(AbiError.TOO_LARGE);
    expect(call('kv_get', ...put('k'), 7000, 5)).toBe(5);
    expect(Buffer.from(instance.bytes(7000, 5)).toString()).toBe('value');
    expect(call('kv_set', ...put('big'), ...put(new Uint8Array(AbiLimit.value + 1)))).toBe(AbiError.TOO_LARGE);
    expect([call('kv_delete', ...put('k')), call('kv_delete', ...put('k'))]).toEqual([AbiError.OK, AbiError.NOT_FOUND]);
    let code: unknown = AbiError.OK;
    for (let i = 0; i < 10 && code === AbiError.OK; i++)
      code = call('kv_set', ...put(`k${i}`), ...put(new Uint8Array(1024).fill(i)));
    expect(code).toBe(AbiError.FULL);
  });

  it('read the rom', () => {
    expect(call('rom_size')).toBe(4);
    expect(call('rom_read', 1, 300, 3)).toBe(AbiError.OK);
    expect([...instance.bytes(300, 3)]).toEqual([8, 7, 6]);
    expect(call('rom_read', 2, 300, 3)).toBe(AbiError.INVALID);
  });

  const named: [string, (name: [number, number]) => Value[]][] = [
    ['sensor_open', (name) => [...name]],
    ['metric', (name) => [...name, 0, 1, 0]],
    ['event', (name) => [...name, ...put(Uint8Array.of(0))]],
    ['subscribe', (name) => [...name]],
    ['kv_get', (name) => [...name, 0, 0]],
    ['kv_set', (name) => [...name, 0, 0]],
    ['kv_delete', (name) => [...name]],
  ];
  it.each(named)('%s rejects names that are empty, too long, not UTF-8 or with control characters', (name, args) => {
    expect(call(name, ...args(put('')))).toBe(AbiError.INVALID);
    expect(call(name, ...args(put('x'.repeat(65))))).toBe(AbiError.TOO_LARGE);
    expect(call(name, ...args([0, -1]))).toBe(AbiError.TOO_LARGE);
    expect(call(name, ...args(put(Uint8Array.of(0xc3, 0x28))))).toBe(AbiError.INVALID);
    expect(call(name, ...args(put('a\nb')))).toBe(AbiError.INVALID);
    for (const poison of ['a\u0085', 'a\ufffe', '\u{10ffff}'])
      expect(call(name, ...args(put(poison)))).toBe(AbiError.INVALID);
  });

  const pointers: [string, string, (at: [number, number]) => Value[]][] = [
    ['log', 'text', (at) => [0, ...at]],
    ['tap', 'name', (at) => [...at, 0, 0]],
    ['tap', 'data', (at) => [...put('t'), ...at]],
    ['sensor_open', 'name', (at) => [...at]],
    ['sensor_read', 'dst', ([ptr]) => [0, ptr, 3]],
    ['metric', 'name', (at) => [...at, 0, 0, 0]],
    ['metric', 'unit', (at) => [...put('fresh'), ...at, 0]],
    ['publish', 'values', ([ptr, length]) => [0, 0n, 0, ptr, length, 0]],
    ['event', 'name', (at) => [...at, 0, 1]],
    ['event', 'body', (at) => [...put('e'), ...at]],
    ['subscribe', 'name', (at) => [...at]],
    ['message_read', 'dst', ([ptr]) => [ptr, 100]],
    ['config', 'name', (at) => [...at, 0]],
    ['kv_get', 'key', (at) => [...at, 0, 0]],
    ['kv_get', 'dst', ([ptr]) => [...put('kept'), ptr, 100]],
    ['kv_set', 'key', (at) => [...at, 0, 0]],
    ['kv_set', 'value', (at) => [...put('k'), ...at]],
    ['kv_delete', 'key', (at) => [...at]],
    ['rom_read', 'dst', ([ptr]) => [0, ptr, 4]],
  ];
  const rows = pointers.flatMap(([name, what, args]) => OUTSIDE.map((at) => [name, what, ...at, args] as const));
  it.each(rows)('%s with its %s at %i, length %i, is a memory trap', (name, _, ptr, length, args) => {
    metric('m');
    call('sensor_open', ...put('mic'));
    call('kv_set', ...put('kept'), ...put('12345'));
    nowUs = 3000;
    if (name === 'message_read') context.begin('message');
    context.message = new Uint8Array(20);
    let kind = 'none';
    try {
      call(name, ...args([ptr, length]));
    } catch (error) {
      kind = error instanceof Trap ? error.kind : String(error);
    }
    expect(kind).toBe('memory');
  });

  it(`answer ${casesText(100_000)} calls with random arguments or end in a trap`, () => {
    const random = new Xorshift(6);
    const { i32, i64 } = {
      i32: () => [random.next(), random.below(70), random.below(MEMORY), random.below(4) - 2][random.below(4)]!,
      i64: () => BigInt(random.next()) * BigInt(random.below(3) ? 1 : random.next()),
    };
    const types: Record<string, (() => Value)[]> = {
      log: [i32, i32, i32],
      tap: [i32, i32, i32, i32],
      sensor_open: [i32, i32],
      sensor_read: [i32, i32, i32],
      sensor_time: [i32],
      metric: [i32, i32, i32, i32, i32],
      publish: [i32, i64, i32, i32, i32, i32],
      event: [i32, i32, i32, i32],
      subscribe: [i32, i32],
      message_read: [i32, i32],
      config: [i32, i32, i32],
      kv_get: [i32, i32, i32, i32],
      kv_set: [i32, i32, i32, i32],
      kv_delete: [i32, i32],
    };
    const functions = hostImports(context) as Record<string, HostFunction>;
    instance.bytes(0, MEMORY).forEach((_, i, bytes) => {
      bytes[i] = random.below(256);
    });
    instance.bytes(0, 3).set(Buffer.from('mic'));
    const names = Object.keys(types);
    let traps = 0;
    for (let i = 0; i < cases(100_000); i++) {
      if (i % 50 === 0) context.begin((['init', 'step', 'message'] as const)[random.below(3)]!);
      nowUs += 100;
      const name = names[random.below(names.length)]!;
      try {
        functions[name]!(...types[name]!.map((make) => make()));
      } catch (error) {
        // A read beyond the ring ends the module, too.
        if (!(error instanceof Misuse) && !(error instanceof Trap && error.kind === 'memory')) throw error;
        traps++;
      }
    }
    expect(traps).toBeGreaterThan(cases(1000));
    expect(context.metrics.length).toBeLessThanOrEqual(64);
  });
});
