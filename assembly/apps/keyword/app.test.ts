import { readFileSync } from 'node:fs';
import { decode } from 'cbor-x';
import { beforeAll, describe, expect, it } from 'vitest';
import { AbiError } from '../../../host/base/abi/index.ts';
import { packagePath } from '../../../host/base/index.ts';
import type { Engine, EngineName, HostFunction, Instance, Value } from '../../../host/device/engine/engine.ts';
import { ENGINE_NAMES, loadEngine } from '../../../host/device/engine/index.ts';
import { type BuiltApp, buildApp } from '../../../host/toolchain/build/index.ts';

const RECORDINGS = ['yes', 'no', 'noise', 'silence', 'stream'] as const;
const recording = (file: string) => packagePath('recordings', 'speech', file);
const golden = (file: string) => new Uint8Array(readFileSync(recording(file)));

/** Returns the samples of a mono 16-bit WAV with the usual 44-byte header. */
function readWav(path: string): Int16Array {
  const bytes = readFileSync(path).subarray(44);
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

interface Published {
  metric: number;
  t0: number;
  dt: number;
  values: number[];
  quality: number;
}

/** A node with a microphone, whose clock is at the end of the samples so far. */
class AudioHost {
  readonly events: { name: string; body: Record<string, unknown>; atUs: number }[] = [];
  readonly published: Published[] = [];
  readonly log: string[] = [];
  /** Result of `init`. */
  readonly started: number;
  readonly #taps = new Map<string, Uint8Array[]>();
  readonly #instance: Instance;
  #ring: number[] = [];
  #nowUs = 0;
  #lost = 0;
  #metrics = 0;

  constructor(engine: Engine, app: BuiltApp, config: Record<string, number>, { microphone = true } = {}) {
    const { wasm, rom, metadata } = app;
    const limits = { memoryBytes: metadata.memoryBytes, stackBytes: 16384, fuel: metadata.fuel, deadlineMs: 10_000 };
    this.#instance = engine.load({ wasm, rom, limits, imports: this.#imports(config, microphone) });
    this.started = Number(this.#instance.call('init'));
  }

  /** Adds samples and runs the module. */
  hear(samples: Int16Array): void {
    this.#ring.push(...samples);
    this.wait(samples.length * 62.5);
  }

  /** Skips samples, as when the ring overflows and the module never sees them. */
  lose(samples: number): void {
    this.#lost += samples;
    this.wait(samples * 62.5);
  }

  wait(us: number): void {
    this.#nowUs += us;
    this.#instance.call('step', BigInt(Math.round(this.#nowUs)));
  }

  health(): number {
    return Number(this.#instance.call('health'));
  }

  /** Returns all data that was tapped under a name. */
  tapped(name: string): Uint8Array {
    return Buffer.concat(this.#taps.get(name) ?? []);
  }

  #imports(config: Record<string, number>, microphone: boolean): Record<string, HostFunction> {
    const bytes = (ptr: Value | undefined, length: Value | undefined) =>
      this.#instance.bytes(Number(ptr), Number(length));
    const text = (ptr: Value | undefined, length: Value | undefined) => new TextDecoder().decode(bytes(ptr, length));
    return {
      time_now: () => BigInt(Math.round(this.#nowUs)),
      log: (_level, ptr, length) => void this.log.push(text(ptr, length)),
      tap: (name, nameLength, data, length) => {
        const parts = this.#taps.get(text(name, nameLength)) ?? [];
        this.#taps.set(text(name, nameLength), parts);
        parts.push(bytes(data, length).slice());
        return undefined;
      },
      sensor_open: (ptr, length) => (microphone && text(ptr, length) === 'microphone' ? 0 : AbiError.NOT_FOUND),
      sensor_frame_bytes: () => 2,
      sensor_available: () => this.#ring.length,
      sensor_read: (_sensor, dst, count) => {
        const taken = Int16Array.from(this.#ring.splice(0, Number(count)));
        bytes(dst, taken.byteLength).set(new Uint8Array(taken.buffer));
        return taken.length;
      },
      sensor_time: () => BigInt(Math.round(this.#nowUs - this.#ring.length * 62.5)),
      sensor_lost: () => this.#lost,
      metric: () => this.#metrics++,
      publish: (metric, t0, dt, values, count, quality) => {
        const column = new Int32Array(bytes(values, Number(count) * 4).slice().buffer);
        const frame = {
          metric: Number(metric),
          t0: Number(t0),
          dt: Number(dt),
          values: [...column],
          quality: Number(quality),
        };
        this.published.push(frame);
        return AbiError.OK;
      },
      event: (name, nameLength, body, length) => {
        this.events.push({ name: text(name, nameLength), body: decode(bytes(body, length)), atUs: this.#nowUs });
        return AbiError.OK;
      },
      config: (name, length, otherwise) => config[text(name, length)] ?? otherwise,
    };
  }
}

let app: BuiltApp;
beforeAll(async () => {
  app = await buildApp(packagePath('assembly', 'apps', 'keyword'));
});

/** Plays samples to a new instance in pieces of `chunk`, and returns the host with everything that it recorded. */
function play(engine: Engine, samples: Int16Array, chunk = 320, config: Record<string, number> = {}): AudioHost {
  const host = new AudioHost(engine, app, { ...app.config, ...config });
  for (let at = 0; at < samples.length; at += chunk) host.hear(samples.subarray(at, at + chunk));
  return host;
}

describe('the keyword app', () => {
  it('is small: wasm and rom within 40 KB, memory within 24 KiB, and no warnings', () => {
    expect(app.sizes.wasmBytes + app.sizes.romBytes).toBeLessThan(40_000);
    expect(app.sizes.memoryBytes).toBeLessThan(24 * 1024);
    expect(app.warnings).toEqual([]);
  });

  it('declares its sensors, metrics and commands', () => {
    expect(app.metadata).toMatchObject({
      name: 'keyword',
      sensors: ['microphone'],
      metrics: [
        { name: 'score.yes', unit: '1', exponent: 0 },
        { name: 'score.no', unit: '1', exponent: 0 },
      ],
      commands: [],
      trialMs: 5000,
    });
    expect(app.metadata.models.map(({ name, sha256 }) => [name, sha256.length])).toEqual([['micro_speech', 32]]);
  });

  describe.each(ENGINE_NAMES.map((name): [EngineName] => [name]))('on %s', (name) => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await loadEngine(name);
    });

    it.each(RECORDINGS)('computes the reference features and scores of %s, byte for byte', (file) => {
      const host = play(engine, readWav(recording(`${file}.wav`)));
      expect(Buffer.compare(host.tapped('features'), golden(`${file}.features.bin`))).toBe(0);
      expect(Buffer.compare(host.tapped('scores'), golden(`${file}.scores.bin`))).toBe(0);
    });

    it('detects each of the four words in the stream once, soon after it was spoken', () => {
      const { events } = play(engine, readWav(recording('stream.wav')));
      expect(events.map(({ body }) => body.word)).toEqual(['yes', 'no', 'no', 'yes']);
      // The words are spoken in seconds 1, 3, 5 and 6.
      expect(events.map(({ atUs }) => Math.floor(atUs / 1e6))).toEqual([1, 3, 6, 6]);
      for (const { name: event, body } of events) {
        expect(event).toBe('keyword');
        expect(body.score).toBeGreaterThanOrEqual(200);
      }
    });

    it('publishes the mean scores of both words over three windows, ten at a time, with their times', () => {
      const host = play(engine, readWav(recording('stream.wav')));
      const scores = golden('stream.scores.bin');
      const score = (i: number, word: number) => (i < 0 ? 0 : (scores[4 * i + word]! + 128) & 255);
      const mean = (i: number, word: number) => [i, i - 1, i - 2].reduce((sum, at) => sum + score(at, word), 0) / 3;
      const expected = (word: number) => Array.from({ length: 80 }, (_, i) => Math.floor(mean(i, word)));
      for (const [metric, word] of [
        [0, 2],
        [1, 3],
      ] as const) {
        const frames = host.published.filter((frame) => frame.metric === metric);
        expect(frames.map(({ dt, quality }) => [dt, quality])).toEqual(Array(8).fill([80_000, 0]));
        expect(frames.flatMap(({ values }) => values)).toEqual(expected(word));
        for (let i = 1; i < frames.length; i++) expect(frames[i]!.t0 - frames[i - 1]!.t0).toBe(800_000);
      }
    });

    it('is healthy after ten windows, and failing when no more arrive', () => {
      const host = new AudioHost(engine, app, app.config);
      const samples = readWav(recording('stream.wav'));
      expect(host.health()).toBe(0);
      host.hear(samples.subarray(0, 16_000));
      expect(host.health()).toBe(0);
      host.hear(samples.subarray(16_000, 32_000));
      expect(host.health()).toBe(1);
      host.wait(5_000_000);
      expect(host.health()).toBe(-1);
    });
  });

  it('has the same results on every engine for full-scale noise, clipping, clicks and near silence', async () => {
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return state >> 16;
    };
    const sounds: ((i: number) => number)[] = [
      () => random(),
      (i) => (i % 31 < 15 ? -32768 : 32767),
      (i) => (i % 320 === 239 ? -32768 : 0),
      () => random() >> 14,
      (i) => (i < 12_000 ? 0 : random()),
    ];
    const [first, ...others] = await Promise.all(ENGINE_NAMES.map(loadEngine));
    for (const sound of sounds) {
      const samples = Int16Array.from({ length: 20_000 }, (_, i) => sound(i));
      const expected = play(first!, samples);
      expect(expected.tapped('features').length).toBe(62 * 40);
      for (const other of others) {
        const found = play(other, samples);
        expect(Buffer.compare(found.tapped('features'), expected.tapped('features'))).toBe(0);
        expect(Buffer.compare(found.tapped('scores'), expected.tapped('scores'))).toBe(0);
        expect(found.events).toEqual(expected.events);
      }
    }
  });

  it('has the same results however the samples arrive', async () => {
    const engine = await loadEngine('v8');
    const samples = readWav(recording('stream.wav'));
    for (const chunk of [1, 77, 320, 4000]) {
      expect(
        Buffer.compare(
          play(engine, samples.subarray(0, 40_000), chunk).tapped('features'),
          golden('stream.features.bin').subarray(0, 124 * 40),
        ),
      ).toBe(0);
    }
  });

  it('starts a new window after samples were lost, logs it, and detects the next word', async () => {
    const engine = await loadEngine('v8');
    const samples = readWav(recording('stream.wav'));
    const host = play(engine, samples.subarray(0, 8_000));
    host.lose(5_000);
    for (let at = 13_000; at < samples.length; at += 320) host.hear(samples.subarray(at, at + 320));
    expect(host.log).toEqual(['samples lost so far: 5000']);
    expect(host.events.map(({ body }) => body.word)).toEqual(['yes', 'no', 'no', 'yes']);
    const framesAfter = Math.floor((samples.length - 13_000 - 480) / 320) + 1;
    expect(host.tapped('scores').length / 4).toBe(Math.floor((framesAfter - 49) / 4) + 1);
  });

  it('uses the threshold of the configuration', async () => {
    const { events } = play(await loadEngine('v8'), readWav(recording('stream.wav')), 320, { threshold: 256 });
    expect(events).toEqual([]);
  });

  it('refuses to start without a microphone', async () => {
    const host = new AudioHost(await loadEngine('v8'), app, app.config, { microphone: false });
    expect(host.started).toBe(-1);
    expect(host.log).toEqual(['microphone', 'sensor is missing, not allowed or not opened in init, error -1']);
  });
});
