/**
 * Arithmetic with the same bits on every machine. ECMAScript fixes the bits of + - * / and of `Math.sqrt`, `Math.floor`
 * and `Math.imul`, but not those of `Math.sin` and `Math.exp`, which differ between engines. Nothing here uses them.
 */

/** sin(2 pi x): Taylor's series up to the 13th power on a quarter of a turn; the error is below 1e-9. */
export function sine(turns: number): number {
  let x = turns - Math.floor(turns + 0.5);
  if (x > 0.25) x = 0.5 - x;
  else if (x < -0.25) x = -0.5 - x;
  const y = x * 6.283185307179586;
  const z = y * y;
  return y * (1 - (z / 6) * (1 - (z / 20) * (1 - (z / 42) * (1 - (z / 72) * (1 - (z / 110) * (1 - z / 156))))));
}

/** cos(2 pi x). */
export function cosine(turns: number): number {
  return sine(turns + 0.25);
}

/** e^x: (series of x / 1024)^1024; the relative error is below 1e-9 for -50 <= x <= 50. */
export function exponential(x: number): number {
  const y = x / 1024;
  let power = 1 + y * (1 + (y / 2) * (1 + (y / 3) * (1 + (y / 4) * (1 + (y / 5) * (1 + y / 6)))));
  for (let i = 0; i < 10; i++) power *= power;
  return power;
}

/** Maps three integers to a uint32; the finalizer of MurmurHash3 (A. Appleby) after each. */
export function hash(seed: number, a: number, b = 0): number {
  let h = mix(Math.imul(seed, 0x9e37_79b1) ^ (a | 0));
  // The high part matters for times in microseconds.
  h = mix(h ^ Math.imul(Math.floor(a / 0x1_0000_0000) | 0, 0x85eb_ca6b));
  return mix(h ^ Math.imul(b | 0, 0xc2b2_ae35)) >>> 0;
}

/** Maps three integers to a number 0 <= x < 1. */
export function unit(seed: number, a: number, b = 0): number {
  return hash(seed, a, b) / 0x1_0000_0000;
}

/** A hash of a text, for seeds from names. */
export function hashText(seed: number, text: string): number {
  let h = seed >>> 0;
  for (const byte of Buffer.from(text)) h = mix(Math.imul(h, 31) + byte);
  return h >>> 0;
}

/** The sum of two bytes has the variance (256^2 - 1) / 6; this is the deviation of the sum of eight. */
const EIGHT_BYTES_SD = 209.02312;

/**
 * Noise with mean 0 and deviation 1: the sum of eight uniform bytes, whose distribution is close to the normal one
 * (kurtosis 2.85). A function of its arguments.
 */
export function gauss(seed: number, index: number): number {
  const h = mix(seed ^ Math.imul(index | 0, 0x9e37_79b1));
  const g = mix(h ^ 0x5bd1_e995);
  const pairs = (h & 0xff_00ff) + ((h >>> 8) & 0xff_00ff) + (g & 0xff_00ff) + ((g >>> 8) & 0xff_00ff);
  return ((pairs & 0xffff) + (pairs >>> 16) - 1020) / EIGHT_BYTES_SD;
}

/** A value that changes smoothly with x: random numbers -1 .. 1 at whole x, joined by a cubic with flat ends. */
export function wander(seed: number, x: number): number {
  const at = Math.floor(x);
  const part = x - at;
  const from = 2 * unit(seed, at) - 1;
  const to = 2 * unit(seed, at + 1) - 1;
  return from + (to - from) * part * part * (3 - 2 * part);
}

function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return h ^ (h >>> 16);
}
