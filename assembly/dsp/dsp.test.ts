import { execFileSync } from 'node:child_process';
import type { ASUtil } from '@assemblyscript/loader';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { packagePath } from '../../host/base/index.ts';
import { runText } from '../../host/toolchain/assembly/testing.ts';

const SOURCE = `
import * as detector from './assembly/dsp/class_detector';
import { part, place, Samples16, samples16, Values32, values32 } from './assembly/memory';
import * as frontend from './assembly/dsp/audio_frontend';
import { autoScale } from './assembly/dsp/auto_scale';
import { spectrumEnergy } from './assembly/dsp/energy';
import { prepare, realFft } from './assembly/dsp/fft';
import { filterBank } from './assembly/dsp/filter_bank';
import { logarithm, scaledLog } from './assembly/dsp/log';
import { normalize } from './assembly/dsp/pcan';
import { subtractNoise } from './assembly/dsp/spectral_subtraction';
import { squareRoot } from './assembly/dsp/square_root';
import { PCAN_GAIN } from './assembly/dsp/tables';
import { applyWindow } from './assembly/dsp/window';

export const INT16 = idof<Int16Array>();
export const UINT16 = idof<Uint16Array>();
export const UINT32 = idof<Uint32Array>();
const tables = samples16(1536);
const a = part<i16>();
const b = part<i16>();
const e = part<i16>();
const c = part<i32>();
const d = part<i32>();
const f = part<i8>();
function shorts(at: Samples16, from: Int16Array): Samples16 { return place(at, from.dataStart, from.length); }
function words(at: Values32, from: Uint32Array): Values32 { return place(at, from.dataStart, from.length); }

export function fft(samples: Int16Array): Int16Array {
  const bins = new Int16Array(samples.length + 2);
  prepare(tables, samples.length);
  realFft(shorts(a, samples), shorts(b, bins), tables, samples.length);
  return bins;
}
export function window(samples: Int16Array, half: Int16Array, shift: i32): Int16Array {
  const out = new Int16Array(samples.length);
  applyWindow(shorts(a, samples), shorts(b, half), shift, shorts(e, out));
  return out;
}
const spare = samples16(64);
const pairs = values32(64);
/** Calls a function with buffers of which number \`which\` has one value too few; -1: none. */
export function small(call: i32, which: i32): void {
  if (call == 0) prepare(place(a, spare.data, 24 - i32(which == 0)), 16);
  if (call == 1) realFft(
    place(a, spare.data, 16 - i32(which == 0)), place(b, pairs.data, 18 - i32(which == 1)), place(e, tables.data, 24 - i32(which == 2)), 16);
  if (call == 2) applyWindow(place(a, spare.data, 16), place(b, tables.data, 8 - i32(which == 0)), 0, place(e, pairs.data, 16 - i32(which == 1)));
  if (call == 3) {
    for (let i = 0; i < 4; i++) spare[i] = 3 * i;
    filterBank(
      place(c, pairs.data, 9 - i32(which == 0)), place(a, spare.data, 4), place(b, tables.data, 18 - i32(which == 1)), 0,
      place(d, pairs.data + 128, 2 - i32(which == 2)));
  }
  if (call == 4) detector.add(place(f, spare.data, 16 + i32(which == 0)));
  if (call == 5) subtractNoise(place(c, pairs.data, 8), place(d, pairs.data + 128, 8 - i32(which == 0)), 10, 409, 983, 819);
  if (call == 6) normalize(
    place(c, pairs.data, 8), place(d, pairs.data + 128, 8 - i32(which == 0)), place(a, PCAN_GAIN, 125 - i32(which == 1)), 6);
  if (call == 7) logarithm(place(c, pairs.data, 8), 64, 3, place(a, spare.data, 8 - i32(which == 0)));
  if (call == 8) frontend.next(place(f, spare.data, 40 - i32(which == 0)));
}
export function scale(samples: Int16Array): i32 { return autoScale(shorts(a, samples)); }
export function energy(bins: Int16Array): void { spectrumEnergy(place(c, bins.dataStart, bins.length / 2)); }
export function root(value: u64): u32 { return squareRoot(value); }
export function logOf(x: u32, scale: u32): u32 { return scaledLog(x, scale); }
export function bank(
  energy: Uint32Array, starts: Uint16Array, weights: Int16Array, channels: i32, shift: i32
): Uint32Array {
  const out = new Uint32Array(channels);
  place(a, starts.dataStart, channels + 2);
  filterBank(words(c, energy), a, shorts(b, weights), shift, words(d, out));
  return out;
}
export function subtract(signal: Uint32Array, noise: Uint32Array): void {
  subtractNoise(words(c, signal), words(d, noise), 10, 409, 983, 819);
}
export function pcan(signal: Uint32Array, noise: Uint32Array): void {
  normalize(words(c, signal), words(d, noise), place(a, PCAN_GAIN, 125), 6);
}
`;

/** Parameters and results that are arrays are pointers. */
type Dsp = ASUtil &
  Record<'INT16' | 'UINT16' | 'UINT32', { value: number }> & {
    fft(samples: number): number;
    window(samples: number, half: number, shift: number): number;
    small(call: number, which: number): void;
    scale(samples: number): number;
    energy(bins: number): void;
    root(value: bigint): number;
    logOf(x: number, scale: number): number;
    bank(energy: number, starts: number, weights: number, channels: number, shift: number): number;
    subtract(signal: number, noise: number): void;
    pcan(signal: number, noise: number): void;
  };

let dsp: Dsp;
beforeAll(async () => {
  dsp = await runText<Dsp>(SOURCE);
});

it.each([
  ['prepare', 0, 1],
  ['realFft', 1, 3],
  ['applyWindow', 2, 2],
  ['filterBank', 3, 3],
  ['class_detector.add', 4, 1],
  ['subtractNoise', 5, 1],
  ['normalize', 6, 2],
  ['logarithm', 7, 1],
  ['audio_frontend.next', 8, 1],
])('%s checks the size of each buffer', (_name, call, buffers) => {
  dsp.small(call, -1);
  for (let which = 0; which < buffers; which++) expect(() => dsp.small(call, which)).toThrow('unreachable');
});

const int16 = (values: readonly number[]) => dsp.__newArray(dsp.INT16.value, [...values]);
const uint16 = (values: readonly number[]) => dsp.__newArray(dsp.UINT16.value, [...values]);
const uint32 = (values: readonly number[]) => dsp.__newArray(dsp.UINT32.value, [...values]);
/** Returns the present values of an array. */
const read = (pointer: number) => dsp.__getArray(pointer);

/** kissfft's 16-bit arithmetic, directly from its definition. */
const wrap = (x: number) => (x << 16) >> 16;
const q15 = (x: number) => wrap((x + 16384) >> 15);
type Complex = [number, number];
const divide = ([r, i]: Complex, by: number): Complex => {
  const share = Math.trunc(32767 / by);
  return [q15(r * share), q15(i * share)];
};
const multiply = ([ar, ai]: Complex, [br, bi]: Complex): Complex => [q15(ar * br - ai * bi), q15(ar * bi + ai * br)];
const add = ([ar, ai]: Complex, [br, bi]: Complex): Complex => [wrap(ar + br), wrap(ai + bi)];
const subtract = ([ar, ai]: Complex, [br, bi]: Complex): Complex => [wrap(ar - br), wrap(ai - bi)];
const unit = (phase: number): Complex => [
  Math.floor(0.5 + 32767 * Math.cos(phase)),
  Math.floor(0.5 + 32767 * Math.sin(phase)),
];

function complexFft(input: Complex[], size: number): Complex[] {
  const n = input.length;
  if (n === 1) return input;
  const radix = n % 4 === 0 ? 4 : 2;
  const m = n / radix;
  const parts = Array.from({ length: radix }, (_, q) =>
    complexFft(
      input.filter((_, i) => i % radix === q),
      size,
    ),
  );
  const out: Complex[] = new Array(n);
  for (let k = 0; k < m; k++) {
    const [x0, x1, x2, x3] = parts.map((part, q) => {
      const x = divide(part[k]!, radix);
      return q === 0 ? x : multiply(x, unit((-2 * Math.PI * q * k * (size / n)) / size));
    }) as [Complex, Complex, Complex, Complex];
    if (radix === 2) {
      out[k] = add(x0, x1);
      out[k + m] = subtract(x0, x1);
      continue;
    }
    const [even, odd] = [add(x0, x2), subtract(x0, x2)];
    const [sum, [dr, di]] = [add(x1, x3), subtract(x1, x3)];
    out[k] = add(even, sum);
    out[k + m] = [wrap(odd[0] + di), wrap(odd[1] - dr)];
    out[k + 2 * m] = subtract(even, sum);
    out[k + 3 * m] = [wrap(odd[0] - di), wrap(odd[1] + dr)];
  }
  return out;
}

function realFft(samples: readonly number[]): Complex[] {
  const n = samples.length / 2;
  const z = complexFft(
    Array.from({ length: n }, (_, i): Complex => [samples[2 * i]!, samples[2 * i + 1]!]),
    n,
  );
  const out: Complex[] = new Array(n + 1);
  const [r, i] = divide(z[0]!, 2);
  out[0] = [wrap(r + i), 0];
  out[n] = [wrap(r - i), 0];
  for (let k = 1; k <= n / 2; k++) {
    const left = divide(z[k]!, 2);
    const right = divide([z[n - k]![0], wrap(-z[n - k]![1])], 2);
    const sum = add(left, right);
    const turned = multiply(subtract(left, right), unit(-Math.PI * (k / n + 0.5)));
    out[k] = [(sum[0] + turned[0]) >> 1, (sum[1] + turned[1]) >> 1];
    out[n - k] = [(sum[0] - turned[0]) >> 1, (turned[1] - sum[1]) >> 1];
  }
  return out;
}

/** Loud, quiet and extreme blocks. */
const block = (size: number) =>
  fc.oneof(
    fc.array(fc.integer({ min: -32768, max: 32767 }), { minLength: size, maxLength: size }),
    fc.array(fc.constantFrom(-32768, 32767, 0, -1), { minLength: size, maxLength: size }),
    fc.array(fc.integer({ min: -20, max: 20 }), { minLength: size, maxLength: size }),
  );

describe('the FFT', () => {
  it.each([16, 32, 64, 128, 256, 512, 1024])('of %i points equals kissfft in every bit', (points) => {
    fc.assert(
      fc.property(block(points), (samples) => {
        expect(read(dsp.fft(int16(samples)))).toEqual(realFft(samples).flat());
      }),
      { numRuns: points > 256 ? 40 : 100 },
    );
  });

  it('is a Fourier transform: a tone has its energy in its bin', () => {
    const points = 512;
    const tone = Array.from({ length: points }, (_, i) =>
      Math.round(30000 * Math.cos((2 * Math.PI * 37 * i) / points)),
    );
    const bins = read(dsp.fft(int16(tone)));
    expect(Math.abs(bins[2 * 37]! - 15000)).toBeLessThan(16);
    for (let k = 0; k <= 256; k++) if (k !== 37) expect(Math.hypot(bins[2 * k]!, bins[2 * k + 1]!)).toBeLessThan(8);
  });
});

describe('the steps of the front end', () => {
  it('window: a product rounded down, mirrored at the middle', () => {
    fc.assert(
      fc.property(
        block(32),
        fc.array(fc.integer({ min: 0, max: 4096 }), { minLength: 16, maxLength: 16 }),
        (samples, half) => {
          const whole = [...half, ...[...half].reverse()];
          const found = read(dsp.window(int16(samples), int16(half), 12));
          expect(found).toEqual(samples.map((x, i) => (x * whole[i]!) >> 12));
        },
      ),
    );
  });

  it.each<[number[], number, number[]]>([
    [[0, 0, 0, 0], 15, [0, 0, 0, 0]],
    [[1, -1, 0, 0], 14, [16384, -16384, 0, 0]],
    [[255, -256, 3, 0], 6, [16320, -16384, 192, 0]],
    [[16383, 0, 0, 0], 1, [32766, 0, 0, 0]],
    [[16384, 0, 0, 0], 0, [16384, 0, 0, 0]],
    [[-32767, 5, 0, 0], 0, [-32767, 5, 0, 0]],
    [[5, 0, 0, -32768], 0, [5, 0, 0, -32768]],
    // The reference drops the peak at -32768: the following samples decide.
    [[-32768, 8192, 0, 0], 1, [0, 16384, 0, 0]],
  ])('scale: %j by %i bits', (samples, bits, expected) => {
    const scaled = int16(samples);
    expect(dsp.scale(scaled)).toBe(bits);
    expect(read(scaled)).toEqual(expected);
  });

  it('energy: real^2 + imaginary^2, up to 2^31', () => {
    const bins = int16([3, -4, -32768, -32768, 32767, 0]);
    dsp.energy(bins);
    // In place: each energy replaces its two parts.
    expect([...new Uint32Array(dsp.__getInt16Array(bins).buffer)]).toEqual([25, 2 ** 31, 32767 ** 2]);
  });

  it('root: rounded to nearest', () => {
    const nearest = (value: bigint) => {
      let root = BigInt(Math.floor(Math.sqrt(Number(value))));
      while (root * root > value) root--;
      while ((root + 1n) * (root + 1n) <= value) root++;
      return value - root * root > root ? root + 1n : root;
    };
    const least = (x: bigint, most: bigint) => (x < most ? x : most);
    const expected = (value: bigint) => least(nearest(value), value >> 32n === 0n ? 65535n : 0xffffffffn);
    const check = (value: bigint) => {
      expect(BigInt(dsp.root(BigInt.asIntN(64, value)) >>> 0)).toBe(expected(value));
    };
    for (const value of [0n, 1n, 2n, 3n, 6n, 7n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n]) check(value);
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), fc.nat(63), (value, shift) => check(value >> BigInt(shift))),
      { numRuns: 5000 },
    );
  });

  it('logarithm: close to the exact one, and equal to the reference in every bit', () => {
    const bulge = Array.from({ length: 129 }, (_, i) => Math.round(65536 * (Math.log2(1 + i / 128) - i / 128)));
    const reference = (x: number, scale: number) => {
      const exponent = Math.floor(Math.log2(x));
      const fraction = Math.floor((x / 2 ** exponent - 1) * 65536);
      const at = Math.floor(fraction / 512);
      const log2 =
        exponent * 65536 + fraction + bulge[at]! + (((bulge[at + 1]! - bulge[at]!) * (fraction % 512)) >> 16);
      const ln = Math.floor((45426 * log2 + 32768) / 65536);
      return Math.floor((scale * ln + 32768) / 65536);
    };
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 2 ** 31 }), fc.nat(30), (value, shift) => {
        const x = Math.max(2, value >>> shift);
        expect(dsp.logOf(x, 2000)).toBe(reference(x, 2000));
        expect(Math.abs(dsp.logOf(x, 64) - 64 * Math.log(x))).toBeLessThan(1);
      }),
      { numRuns: 5000 },
    );
  });

  it('filter bank: each bin is shared by the channels left and right of it', () => {
    // Three channels over bins 2 .. 9; the intervals between their centres begin at 2, 4, 6, 8.
    const e = [100, 200, 2 ** 31, 400, 500, 600, 700, 800];
    const left = [4096, 2048, 4096, 1024, 3000, 100, 4096, 2000];
    const weights = int16(left.flatMap((share) => [share, 4096 - share]));
    const found = read(dsp.bank(uint32(e), uint16([2, 4, 6, 8, 10]), weights, 3, 1));
    const sum = (c: number) =>
      [2 * c, 2 * c + 1].reduce((total, i) => total + e[i]! * (4096 - left[i]!) + e[i + 2]! * left[i + 2]!, 0);
    expect(found).toEqual([0, 1, 2].map((c) => Math.round(Math.sqrt(sum(c))) >> 1));
  });

  it('noise: a steady signal fades to its smallest share, a new one is preserved', () => {
    const noise = uint32([0, 0]);
    const subtracted = (level: number) => {
      const signal = uint32([level, level]);
      dsp.subtract(signal, noise);
      return read(signal);
    };
    let last: number[] = [];
    for (let i = 0; i < 600; i++) last = subtracted(10_000);
    expect(last).toEqual([499, 499]);
    expect(subtracted(50_000)[0]).toBeGreaterThan(38_000);
  });

  it('gain: loud and quiet rooms have similar results', () => {
    const levels = [400, 4_000, 40_000, 400_000];
    const signal = uint32(levels.map((level) => level * 3));
    dsp.pcan(signal, uint32(levels.map((level) => level * 1024)));
    const [quiet, ...rest] = read(signal);
    for (const loud of rest) expect(loud / quiet!).toBeLessThan(2);
  });

  it('has up-to-date tables', () => {
    execFileSync(process.execPath, [packagePath('assembly', 'dsp', 'generate.mjs'), '--check']);
  });
});
