import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { runText } from '../../host/toolchain/assembly/testing.ts';

type Multiply = (value: number, multiplier: number, left: number, right: number) => number;

/**
 * MultiplyByQuantizedMultiplier directly from its definition, with exact integers: gemmlowp's rounding doubling high
 * product (nudge, then truncating division), then rounding division by a power of two (mask, remainder, threshold).
 */
function reference(value: bigint, multiplier: bigint, left: bigint, right: bigint): bigint {
  const product = BigInt.asIntN(32, value << left) * multiplier;
  const nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n);
  const high = (product + nudge) / (1n << 31n);
  const mask = (1n << right) - 1n;
  const remainder = BigInt.asUintN(32, high) & mask;
  const threshold = (mask >> 1n) + (high < 0n ? 1n : 0n);
  return (high >> right) + (remainder > threshold ? 1n : 0n);
}

describe('the kernel arithmetic', () => {
  let multiply: Multiply;
  let divide: (value: number, exponent: number) => number;

  beforeAll(async () => {
    const exports = await runText<{ multiply: Multiply; divideByPowerOfTwo: typeof divide }>(
      `export { multiply, divideByPowerOfTwo } from './assembly/nn/requantize';`,
    );
    multiply = exports.multiply;
    divide = exports.divideByPowerOfTwo;
  });

  const int32 = fc.oneof(
    fc.integer(),
    fc.integer({ min: -70_000, max: 70_000 }),
    fc.constantFrom(-(2 ** 31), -(2 ** 31) + 1, -1, 0, 1, 2 ** 30, 2 ** 31 - 1),
  );

  it('multiplies as TensorFlow Lite does, for 100 000 random values', () => {
    const multiplier = fc.oneof(
      fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 }),
      fc.constantFrom(0, 2 ** 30, 2 ** 31 - 1),
    );
    fc.assert(
      fc.property(int32, multiplier, fc.integer({ min: -31, max: 30 }), (value, factor, shift) => {
        const [left, right] = [Math.max(shift, 0), Math.max(-shift, 0)];
        const expected = Number(reference(BigInt(value), BigInt(factor), BigInt(left), BigInt(right)));
        const found = multiply(value, factor, left, right);
        if (found !== expected) throw new Error(`${value} x ${factor}, shift ${shift}: ${found}, expected ${expected}`);
      }),
      { numRuns: 100_000 },
    );
  });

  it('divides by powers of two as TensorFlow Lite does', () => {
    fc.assert(
      fc.property(int32, fc.integer({ min: 0, max: 31 }), (value, exponent) => {
        const high = BigInt(value);
        const mask = (1n << BigInt(exponent)) - 1n;
        const threshold = (mask >> 1n) + (high < 0n ? 1n : 0n);
        const up = (BigInt.asUintN(32, high) & mask) > threshold ? 1n : 0n;
        expect(divide(value, exponent)).toBe(Number((high >> BigInt(exponent)) + up));
      }),
      { numRuns: 20_000 },
    );
  });
});
