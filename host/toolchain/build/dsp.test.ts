import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import { type Program, runText } from './testing.ts';

const SOURCE = `
import './assembly/mote/abort';
import { autoScale } from './assembly/dsp/auto_scale';
import { spectrumEnergy } from './assembly/dsp/energy';
import { prepare, realFft } from './assembly/dsp/fft';
import { filterBank } from './assembly/dsp/filter_bank';
import { scaledLog } from './assembly/dsp/log';
import { normalize } from './assembly/dsp/pcan';
import { subtractNoise } from './assembly/dsp/spectral_subtraction';
import { squareRoot } from './assembly/dsp/square_root';
import { PCAN_GAIN } from './assembly/dsp/tables';
import { applyWindow } from './assembly/dsp/window';

const a = memory.data(4096, 8);
const b = memory.data(4096, 8);
const c = memory.data(4096, 8);
export function pa(): usize { return a; }
export function pb(): usize { return b; }
export function pc(): usize { return c; }
export function fft(points: i32): void { prepare(c, points); realFft(a, b, c, points); }
export function scale(size: i32): i32 { return autoScale(a, size); }
export function window(size: i32, shift: i32): void { applyWindow(a, b, size, shift, c); }
export function energy(bins: i32): void { spectrumEnergy(a, bins); }
export function root(value: u64): u32 { return squareRoot(value); }
export function logOf(x: u32, scale: u32): u32 { return scaledLog(x, scale); }
export function bank(channels: i32, shift: i32): void { filterBank(a, b, c, channels, shift, a + 2048); }
export function subtract(channels: i32): void { subtractNoise(a, b, channels, 10, 409, 983, 819); }
export function pcan(channels: i32): void { normalize(a, b, channels, PCAN_GAIN, 6); }
`;

let program: Program;
let at: { a: number; b: number; c: number };
beforeAll(async () => {
  program = await runText(SOURCE);
  at = { a: program.call('pa'), b: program.call('pb'), c: program.call('pc') };
});

const int16 = (ptr: number, length: number) => new Int16Array(program.memory.buffer, ptr, length);
const uint32 = (ptr: number, length: number) => new Uint32Array(program.memory.buffer, ptr, length);

/** kissfft's 16-bit arithmetic, as its definition says it and nothing left out. */
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
        int16(at.a, points).set(samples);
        program.call('fft', points);
        expect([...int16(at.b, points + 2)]).toEqual(realFft(samples).flat());
      }),
      { numRuns: points > 256 ? 40 : 100 },
    );
  });

  it('is a Fourier transform: a tone comes out in its bin', () => {
    const points = 512;
    int16(at.a, points).set(
      Array.from({ length: points }, (_, i) => Math.round(30000 * Math.cos((2 * Math.PI * 37 * i) / points))),
    );
    program.call('fft', points);
    const bins = int16(at.b, points + 2);
    expect(Math.abs(bins[2 * 37]! - 15000)).toBeLessThan(16);
    for (let k = 0; k <= 256; k++) if (k !== 37) expect(Math.hypot(bins[2 * k]!, bins[2 * k + 1]!)).toBeLessThan(8);
  });
});

describe('the steps of the front end', () => {
  it('window: a product that rounds down, mirrored at the middle', () => {
    fc.assert(
      fc.property(
        block(32),
        fc.array(fc.integer({ min: 0, max: 4096 }), { minLength: 16, maxLength: 16 }),
        (samples, half) => {
          int16(at.a, 32).set(samples);
          int16(at.b, 16).set(half);
          program.call('window', 32, 12);
          const whole = [...half, ...[...half].reverse()];
          expect([...int16(at.c, 32)]).toEqual(samples.map((x, i) => (x * whole[i]!) >> 12));
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
    // The reference forgets the peak at -32768: what follows decides.
    [[-32768, 8192, 0, 0], 1, [0, 16384, 0, 0]],
  ])('scale: %j by %i bits', (samples, bits, expected) => {
    int16(at.a, 4).set(samples);
    expect(program.call('scale', 4)).toBe(bits);
    expect([...int16(at.a, 4)]).toEqual(expected);
  });

  it('energy: real^2 + imaginary^2, up to 2^31', () => {
    int16(at.a, 6).set([3, -4, -32768, -32768, 32767, 0]);
    program.call('energy', 3);
    expect([...uint32(at.a, 3)]).toEqual([25, 2 ** 31, 32767 ** 2]);
  });

  it('root: to nearest', () => {
    const nearest = (value: bigint) => {
      let root = BigInt(Math.floor(Math.sqrt(Number(value))));
      while (root * root > value) root--;
      while ((root + 1n) * (root + 1n) <= value) root++;
      return value - root * root > root ? root + 1n : root;
    };
    const least = (x: bigint, most: bigint) => (x < most ? x : most);
    const expected = (value: bigint) => least(nearest(value), value >> 32n === 0n ? 65535n : 0xffffffffn);
    const check = (value: bigint) => {
      expect(BigInt(program.call('root', BigInt.asIntN(64, value)) >>> 0)).toBe(expected(value));
    };
    for (const value of [0n, 1n, 2n, 3n, 6n, 7n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n]) check(value);
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), fc.nat(63), (value, shift) => check(value >> BigInt(shift))),
      { numRuns: 5000 },
    );
  });

  it('logarithm: near the real one, and in every bit that of the reference', () => {
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
        expect(program.call('logOf', x, 2000)).toBe(reference(x, 2000));
        expect(Math.abs(program.call('logOf', x, 64) - 64 * Math.log(x))).toBeLessThan(1);
      }),
      { numRuns: 5000 },
    );
  });

  it('filter bank: each bin is shared by the channels left and right of it', () => {
    // Three channels over bins 2 .. 9; the intervals between their centres begin at 2, 4, 6, 8.
    uint32(at.a, 8).set([100, 200, 2 ** 31, 400, 500, 600, 700, 800]);
    new Uint16Array(program.memory.buffer, at.b, 5).set([2, 4, 6, 8, 10]);
    const left = [4096, 2048, 4096, 1024, 3000, 100, 4096, 2000];
    int16(at.c, 16).set(left.flatMap((share) => [share, 4096 - share]));
    program.call('bank', 3, 1);
    const e = [...uint32(at.a, 8)];
    const sum = (c: number) =>
      [2 * c, 2 * c + 1].reduce((total, i) => total + e[i]! * (4096 - left[i]!) + e[i + 2]! * left[i + 2]!, 0);
    expect([...uint32(at.a + 2048, 3)]).toEqual([0, 1, 2].map((c) => Math.round(Math.sqrt(sum(c))) >> 1));
  });

  it('noise: a steady signal fades to its smallest share, a new one stands out', () => {
    uint32(at.b, 2).fill(0);
    let last = [0, 0];
    for (let i = 0; i < 600; i++) {
      uint32(at.a, 2).fill(10_000);
      program.call('subtract', 2);
      last = [...uint32(at.a, 2)];
    }
    expect(last).toEqual([499, 499]);
    uint32(at.a, 2).fill(50_000);
    program.call('subtract', 2);
    expect(uint32(at.a, 1)[0]).toBeGreaterThan(38_000);
  });

  it('gain: loud and quiet rooms come out alike', () => {
    const levels = [400, 4_000, 40_000, 400_000];
    uint32(at.a, 4).set(levels.map((level) => level * 3));
    uint32(at.b, 4).set(levels.map((level) => level * 1024));
    program.call('pcan', 4);
    const [quiet, ...rest] = [...uint32(at.a, 4)];
    for (const loud of rest) expect(loud / quiet!).toBeLessThan(2);
  });

  it('has tables that are current', () => {
    execFileSync(process.execPath, [packagePath('assembly', 'dsp', 'generate.mjs'), '--check']);
  });
});
