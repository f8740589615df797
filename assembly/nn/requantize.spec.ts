import { clamp, divideByPowerOfTwo, multiply, multiplyHigh } from './requantize';

describe('requantize', () => {
  it('rounds halves away from zero when it divides by a power of two', () => {
    const values: i32[] = [0, 1, -1, 2, -2, 3, -3, 5, -5, 6, -6, i32.MAX_VALUE, i32.MIN_VALUE];
    const expected: i32[] = [0, 0, 0, 1, -1, 1, -1, 1, -1, 2, -2, 536870912, -536870912];
    for (let i = 0; i < values.length; i++) expect(divideByPowerOfTwo(values[i], 2)).toBe(expected[i], values[i].toString());
  });

  it('does not change a value when it divides by one', () => {
    const values: i32[] = [0, 1, -1, 12345, -12345, i32.MAX_VALUE, i32.MIN_VALUE];
    for (let i = 0; i < values.length; i++) expect(divideByPowerOfTwo(values[i], 0)).toBe(values[i]);
  });

  it('returns the high half of a doubled product', () => {
    expect(multiplyHigh(1 << 30, 1 << 30)).toBe(1 << 29);
    expect(multiplyHigh(i32.MAX_VALUE, i32.MAX_VALUE)).toBe(2147483646);
    expect(multiplyHigh(i32.MIN_VALUE, i32.MAX_VALUE)).toBe(-2147483647);
    expect(multiplyHigh(1, 1 << 30)).toBe(1);
    expect(multiplyHigh(-1, 1 << 30)).toBe(0);
  });

  it('scales by a multiplier and shifts to either side, rounding twice', () => {
    // 0.5 as multiplier 2^30; 1/32 as 2^30 with four shifts more.
    const half = 1 << 30;
    expect(multiply(100, half, 0, 0)).toBe(50);
    expect(multiply(-100, half, 0, 0)).toBe(-50);
    expect(multiply(3, half, 0, 0)).toBe(2);
    expect(multiply(-3, half, 0, 0)).toBe(-1);
    expect(multiply(100, half, 3, 0)).toBe(400);
    expect(multiply(-16, half, 0, 4)).toBe(-1);
    expect(multiply(-15, half, 0, 4)).toBe(0);
    expect(multiply(15, half, 0, 4)).toBe(1);
    expect(multiply(i32.MAX_VALUE, i32.MAX_VALUE, 0, 31)).toBe(1);
    expect(multiply(i32.MIN_VALUE, i32.MAX_VALUE, 0, 31)).toBe(-1);
    expect(multiply(123456, 0, 0, 0)).toBe(0);
  });

  it('clamps', () => {
    expect(clamp(200, -128, 127)).toBe(127);
    expect(clamp(-200, -128, 127)).toBe(-128);
    expect(clamp(5, -128, 127)).toBe(5);
  });
});
