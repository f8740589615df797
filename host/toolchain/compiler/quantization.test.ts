import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divideByPowerOfTwo, expOnNegative, logistic, multiplyHigh, tanh } from './fixed-point.ts';
import { activationRange, frexp, inputRadius, quantizeMultiplier, round } from './quantization.ts';

describe('scales', () => {
  it.each([
    [0.5, 1],
    [1.5, 2],
    [-0.5, -1],
    [2.4999, 2],
    [-2.5, -3],
    [0, 0],
    [0.49999999999999994, 0],
    [2 ** 31 - 0.5, 2 ** 31],
  ])('rounds %d to %d, halves away from zero', (value, expected) => {
    expect(round(value) === 0 ? 0 : round(value)).toBe(expected);
  });

  it('splits a double as C does', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (value) => {
        const { fraction, exponent } = frexp(value);
        expect(fraction).toBeGreaterThanOrEqual(0.5);
        expect(fraction).toBeLessThan(1);
        // Two factors: 2^exponent alone overflows near the largest double.
        expect(fraction * 2 ** Math.floor(exponent / 2) * 2 ** (exponent - Math.floor(exponent / 2))).toBe(value);
      }),
    );
  });

  // Known answers: powers of two are exact, and TensorFlow Lite's own test has 1.5, 0.75 and 1 - 1e-11.
  it.each([
    [0, 0, 0],
    [0.25, 2 ** 30, -1],
    [0.5, 2 ** 30, 0],
    [1, 2 ** 30, 1],
    [0.75, 1610612736, 0],
    [1.5, 1610612736, 1],
    [1 - 1e-11, 2 ** 30, 1],
    [2 ** -32, 2 ** 30, -31],
    [2 ** -33, 0, 0],
  ])('converts %d to the multiplier %d and the shift %d', (real, multiplier, shift) => {
    expect(quantizeMultiplier(real)).toEqual({ multiplier, shift });
  });

  it('keeps every multiplier within half a step of the real scale', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1000, noNaN: true }), (real) => {
        const { multiplier, shift } = quantizeMultiplier(real);
        expect(multiplier).toBeGreaterThanOrEqual(2 ** 30);
        expect(multiplier).toBeLessThan(2 ** 31);
        expect(Math.abs(multiplier / 2 ** 31 - real / 2 ** shift)).toBeLessThanOrEqual(2 ** -32);
      }),
      { numRuns: 1000 },
    );
  });

  it('finds the range of fused activations', () => {
    const output = { scale: Math.fround(0.1), zero: -20 };
    expect(activationRange('none', output, 'x')).toEqual({ low: -128, high: 127 });
    expect(activationRange('relu', output, 'x')).toEqual({ low: -20, high: 127 });
    expect(activationRange('relu6', output, 'x')).toEqual({ low: -20, high: 40 });
    expect(activationRange('relu_n1_to_1', output, 'x')).toEqual({ low: -30, high: -10 });
    expect(() => activationRange('tanh', output, 'operator 1')).toThrow(/operator 1/);
  });

  it('computes the range of an input', () => {
    expect(inputRadius(5, 0)).toBe(31 * 2 ** 26);
    expect(inputRadius(5, 23)).toBe(248);
  });
});

describe('fixed point', () => {
  it('stays close to real functions over the whole range', () => {
    for (let i = -1000; i <= 0; i++) {
      const x = (i / 1000) * 15.9;
      expect(expOnNegative(Math.round(x * 2 ** 27), 4) / 2 ** 31).toBeCloseTo(Math.exp(x), 6);
    }
    for (let i = -1000; i <= 1000; i++) {
      const x = (i / 1000) * 7.9;
      const raw = Math.round(x * 2 ** 27);
      expect(logistic(raw, 4) / 2 ** 31).toBeCloseTo(1 / (1 + Math.exp(-x)), 6);
      expect(tanh(raw, 4) / 2 ** 31).toBeCloseTo(Math.tanh(x), 6);
    }
  });

  it('rounds as the reference', () => {
    expect(multiplyHigh(-(2 ** 31), -(2 ** 31))).toBe(2 ** 31 - 1);
    expect([5, -5, 6, -6, 7, -7].map((value) => divideByPowerOfTwo(value, 2))).toEqual([1, -1, 2, -2, 2, -2]);
  });
});
