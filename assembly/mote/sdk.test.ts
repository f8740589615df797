import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from 'cbor-x';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AbiError, AbiLimit, LOG_LEVELS } from '../../host/base/abi/index.ts';
import type { Engine, HostFunction, Instance, Value } from '../../host/device/engine/engine.ts';
import { loadEngine } from '../../host/device/engine/index.ts';
import { type BuiltApp, buildApp } from '../../host/toolchain/build/index.ts';

const root = mkdtempSync(join(tmpdir(), 'mote-sdk-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const UNSENT = 'large: event not sent, it is over 1024 bytes or 23 fields';

/** An app whose step does what its argument selects. */
const APP = `
import { CONFIG_CHANGED, config, DENIED, event, kv, log, message, metric, Metric, random, refuse, rom, Sensor, samples16, subscribe, tap, time, UNCERTAIN, values32 } from 'moteware/assembly/mote';

let imu!: Sensor;
let temp!: Metric;
let spare: Sensor | null = null;
let calibrate = 0;
let last: i64 = 0;
const buffer = memory.data(64, 8);
const samples = samples16(9);
const values = values32(2);

export function init(): void {
  imu = Sensor.open('imu');
  spare = Sensor.find('spare');
  temp = metric('température', 'Cel', -2);
  calibrate = subscribe('calibrate');
}

export function step(now: i64): i64 {
  if (now == 1) { log.error('e'); log.warn('w', -5); log.info('i', i64.MAX_VALUE); log.debug('d', 0); }
  if (now == 2) log.info('äöü€😀');
  if (now == 3) { temp.put(77, -1234); values[0] = 1; values[1] = 2; temp.series(5, 10, values, 2, UNCERTAIN); }
  if (now == 4) return event('über').int('n', -1).text('word', 'ja').bool('on', true).bytes('raw', buffer, 2).send();
  if (now == 5) return kv.setInt('count', kv.getInt('count', 41) + 1);
  if (now == 6) return kv.remove('nothing');
  if (now == 7) return imu.available * 1000000 + imu.read(samples, 3) * 100000 + imu.rateMilliHz + imu.sampleBytes + imu.lost + imu.time + imu.handle;
  if (now == 8) { tap('shown', buffer, 4); return spare ? 1 : 0; }
  if (now == 9) return time.now() * 1000 + time.utc() + random();
  if (now == 10) return config('gain', 7);
  if (now == 11) { rom.read(2, buffer, 2); return rom.size() * 1000 + load<u16>(buffer); }
  if (now == 12) throw new Error('not good');
  if (now == 13) { const e = event('large'); for (let i = 0; i < 24; i++) e.int('k', i); return e.send(); }
  if (now == 14) { const e = event('large'); for (let i = 0; i < 20; i++) e.bytes('data', buffer, 64); return e.send(); }
  if (now == 15) { log.info('${'long '.repeat(60)}', 12345); return 0; }
  if (now == 16) { event('small').int('a', 1); return event('after').send(); }
  if (now == 17) {
    for (let i = 0; i < 12; i++) temp.add(1000 + 100 * i, 100, i);
    temp.add(2210, 100, 12);
    temp.add(2500, 100, 13);
    temp.add(2440, 100, 14);
  }
  if (now == 18) return imu.read(samples) * 10 + samples[8];
  if (now == 19) return imu.read(samples, 4);
  if (now == 20) return imu.read(samples, -2);
  if (now == 21) return temp.series(5, 10, values, 3);
  if (now == 22) return samples[<i32>now - 13];
  if (now == 23) samples[<i32>now - 24] = 1;
  if (now == 24) values[<i32>now - 22] = 1;
  if (now == 25) metric('late', '1');
  if (now == 26) Sensor.open('late');
  if (now == 27) subscribe('late');
  if (now == 28) refuse(DENIED);
  if (now == 29) { Sensor.find('late'); return Sensor.open('imu').handle; }
  return last;
}

export function onMessage(id: i32, length: i32): void {
  if (id == CONFIG_CHANGED) { last = -1; return; }
  const body = message();
  for (let n = body.map(); n > 0; n--) {
    if (body.key('offset')) last = body.int();
    else { body.skip(); body.skip(); }
  }
  if (!body.ok || !body.done) last = -2;
}
`;

class Host {
  readonly calls: unknown[][] = [];
  readonly instance: Instance;
  readonly store = new Map<string, Uint8Array>();
  body = new Uint8Array();

  constructor(engine: Engine, app: BuiltApp, sensors: string[]) {
    const bytes = (ptr: Value | undefined, length: Value | undefined) =>
      this.instance.bytes(Number(ptr), Number(length)).slice();
    const text = (ptr: Value | undefined, length: Value | undefined) => new TextDecoder().decode(bytes(ptr, length));
    const imports: Record<string, HostFunction> = {
      log: (level, ptr, length) => void this.calls.push([LOG_LEVELS[Number(level)], text(ptr, length)]),
      tap: (name, nameLength, ptr, length) =>
        void this.calls.push(['tap', text(name, nameLength), bytes(ptr, length).length]),
      sensor_open: (ptr, length) => sensors.indexOf(text(ptr, length)),
      sensor_available: () => 9,
      sensor_read: (_handle, dst, count) => {
        this.instance.bytes(Number(dst), Number(count) * 6).fill(1);
        return count;
      },
      sensor_rate: () => 50_000,
      sensor_frame_bytes: () => 6,
      sensor_lost: () => 3,
      sensor_time: () => 10n,
      metric: (name, nameLength, unit, unitLength, exponent) => {
        if (text(name, nameLength) === 'late') return AbiError.INVALID;
        this.calls.push(['metric', text(name, nameLength), text(unit, unitLength), exponent]);
        return 4;
      },
      publish: (metric, t0, dt, values, count, quality) => {
        this.calls.push([
          'publish',
          metric,
          t0,
          dt,
          [...new Int32Array(bytes(values, Number(count) * 4).buffer)],
          quality,
        ]);
        return 0;
      },
      event: (name, nameLength, ptr, length) => {
        this.calls.push(['event', text(name, nameLength), decode(bytes(ptr, length))]);
        return 0;
      },
      subscribe: (name, length) => (text(name, length) === 'late' ? AbiError.INVALID : 6),
      message_read: (dst, length) => {
        expect(length).toBe(AbiLimit.message);
        if (this.body.length > Number(length)) return AbiError.TOO_LARGE;
        this.instance.bytes(Number(dst), this.body.length).set(this.body);
        return this.body.length;
      },
      kv_get: (key, keyLength, dst, length) => {
        const value = this.store.get(text(key, keyLength));
        if (value === undefined) return AbiError.NOT_FOUND;
        this.instance.bytes(Number(dst), Number(length)).set(value);
        return value.length;
      },
      kv_set: (key, keyLength, ptr, length) => {
        this.store.set(text(key, keyLength), bytes(ptr, length));
        return 0;
      },
      kv_delete: (key, keyLength) => (this.store.delete(text(key, keyLength)) ? 0 : AbiError.NOT_FOUND),
      time_now: () => 5n,
      time_utc: () => 6n,
      random: () => -1,
      config: (name, length, otherwise) => (text(name, length) === 'gain' ? 11 : otherwise),
    };
    const limits = { memoryBytes: app.metadata.memoryBytes, stackBytes: 16384, fuel: 1_000_000n, deadlineMs: 2000 };
    this.instance = engine.load({ wasm: app.wasm, rom: Uint8Array.of(1, 2, 3, 4, 5), imports, limits });
  }

  /** Calls step; returns its result and the calls that it made. */
  step(what: number): unknown[] {
    this.calls.length = 0;
    return [this.instance.call('step', BigInt(what)), ...this.calls];
  }

  message(id: number, body: Uint8Array): unknown {
    this.body = new Uint8Array(body);
    this.instance.call('on_message', id, body.length);
    return this.instance.call('step', 0n);
  }
}

let app: BuiltApp;
let engine: Engine;
let host: Host;
beforeAll(async () => {
  const dir = join(root, 'app');
  mkdirSync(dir);
  writeFileSync(join(dir, 'mote.json'), JSON.stringify({ name: 'sdk', version: '1.0.0' }));
  writeFileSync(join(dir, 'app.ts'), APP);
  app = await buildApp(dir);
  engine = await loadEngine('v8');
  host = new Host(engine, app, ['other', 'imu']);
  expect(host.instance.call('init')).toBe(0);
});

describe('the SDK', () => {
  it('declares in init', () => {
    const fresh = new Host(engine, app, ['imu']);
    expect(fresh.instance.call('init')).toBe(0);
    expect(fresh.calls).toEqual([['metric', 'température', 'Cel', -2]]);
  });

  it('refuses to start without a required sensor, and starts without an optional one', () => {
    const fresh = new Host(engine, app, ['spare']);
    expect(fresh.instance.call('init')).toBe(AbiError.NOT_FOUND);
    expect(fresh.calls).toContainEqual(['error', 'sensor is missing, not allowed or not opened in init, error -1']);
    expect(fresh.step(8)[0]).toBe(1n);
  });

  it.each<[string, number, unknown[]]>([
    [
      'logs text and numbers',
      1,
      [0n, ['error', 'e'], ['warn', 'w -5'], ['info', 'i 9223372036854775807'], ['debug', 'd 0']],
    ],
    ['logs any Unicode', 2, [0n, ['info', 'äöü€😀']]],
    ['publishes', 3, [0n, ['publish', 4, 77n, 0, [-1234], 0], ['publish', 4, 5n, 10, [1, 2], 1]]],
    [
      'sends events',
      4,
      [0n, ['event', 'über', { n: -1, word: 'ja', on: true, raw: expect.objectContaining({ length: 2 }) }]],
    ],
    ['reports a missing key', 6, [-1n]],
    ['reads a sensor', 7, [9_000_000n + 300_000n + 50_000n + 6n + 3n + 10n + 1n]],
    ['taps, and reports a missing sensor', 8, [0n, ['tap', 'shown', 4]]],
    ['returns time and random numbers', 9, [5_000n + 6n + 4294967295n]],
    ['reads a setting', 10, [11n]],
    ['reads rom', 11, [5_000n + 0x0403n]],
    ['does not send an event with too many fields, and logs it', 13, [-2n, ['error', UNSENT]]],
    ['does not send an event that is too large, and logs it', 14, [-2n, ['error', UNSENT]]],
    ['cuts a long line, and omits a number that does not fit', 15, [0n, ['info', 'long '.repeat(60).slice(0, 256)]]],
    [
      'collects ten values of a series, and begins a new frame after a gap',
      17,
      [
        0n,
        ['publish', 4, 1000n, 100, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 0],
        ['publish', 4, 2000n, 100, [10, 11, 12], 0],
        ['publish', 4, 2500n, 100, [13], 0],
      ],
    ],
    ['starts each event empty', 16, [0n, ['event', 'after', {}]]],
  ])('%s', (_what, step, expected) => {
    expect(host.step(step)).toEqual(expected);
  });

  it('stores integers in the key-value store', () => {
    expect(host.step(5)).toEqual([0n]);
    expect(host.step(5)).toEqual([0n]);
    expect(new DataView(host.store.get('count')!.buffer).getBigInt64(0, true)).toBe(43n);
  });

  it('passes commands to onMessage, also hostile ones', () => {
    expect(host.message(6, encode({ gain: [1, { a: 2 }], offset: 99 }))).toBe(99n);
    expect(host.message(6, encode({ offset: 'text' }))).toBe(-2n);
    expect(host.message(6, Uint8Array.of(0xff))).toBe(-2n);
    expect(host.message(6, new Uint8Array(2000))).toBe(-2n);
    expect(host.message(-1, new Uint8Array())).toBe(-1n);
  });

  it('logs where it threw, and traps', () => {
    const fresh = new Host(engine, app, ['imu']);
    expect(() => fresh.step(12)).toThrow(expect.objectContaining({ kind: 'unreachable' }));
    expect(fresh.calls).toEqual([['error', expect.stringMatching(/^not good at app\.ts:\d+:\d+$/)]]);
  });

  it.each([
    ['a metric is declared', 25, 'late', "metric can't be declared (once each, in init), error -4"],
    ['a sensor is opened', 26, 'late', 'sensor is missing, not allowed or not opened in init, error -1'],
    ['a command is subscribed', 27, 'late', "command can't be subscribed (in init), error -4"],
    ['the start is refused', 28],
  ])('logs and traps when %s after init', (_what, step, ...lines) => {
    const fresh = new Host(engine, app, ['imu']);
    fresh.instance.call('init');
    expect(() => fresh.step(step)).toThrow(expect.objectContaining({ kind: 'unreachable' }));
    const place = expect.stringMatching(
      /^init is over: open sensors, declare metrics and subscribe to commands in init at /,
    );
    expect(fresh.calls).toEqual([...lines, place].map((line) => ['error', line]));
  });

  it('finds after init what init has opened', () => {
    const fresh = new Host(engine, app, ['imu']);
    fresh.instance.call('init');
    expect(fresh.step(29)).toEqual([0n]);
  });

  describe('a sized buffer', () => {
    const begun = () => {
      const host = new Host(engine, app, ['imu']);
      host.instance.call('init');
      host.calls.length = 0;
      return host;
    };

    it('takes as many samples as fit with all their channels, at its beginning', () => {
      // Three samples of three channels; the last of nine values was written.
      expect(begun().step(18)).toEqual([3n * 10n + 257n]);
    });

    it.each([
      ['a read of more samples than fit', 19],
      ['a read of a negative number of samples', 20],
      ['a series of more values than the buffer has', 21],
      ['an index behind the end', 22],
      ['a negative index', 23],
      ['an index behind the end of int32 values', 24],
    ])('traps on %s, and logs why', (_description, step) => {
      const fresh = begun();
      expect(() => fresh.step(step)).toThrow(expect.objectContaining({ kind: 'unreachable' }));
      expect(fresh.calls).toEqual([['error', expect.stringMatching(/^index or count outside the buffer at /)]]);
    });
  });
});
