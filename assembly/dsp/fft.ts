/**
 * Real FFT of int16, bit-exact to kissfft's 16-bit fixed point (kiss_fft.c, kiss_fftr.c): each radix-4 stage divides by
 * 4, each radix-2 stage by 2, and every product is rounded to nearest. The result is therefore the spectrum divided by
 * the number of points.
 *
 * A real FFT of N points is a complex one of N / 2 points on pairs of samples, followed by one pass that separates the
 * two.
 */
import { nn_real_fft } from '../abi/module';
import { charge } from '../abi/fuel';
import { fits, Samples16 } from '../memory';
import { QUARTER_WAVE } from './tables';

const WAVE_POINTS: i32 = 1024;

/**
 * Writes the twiddle factors of a real FFT of `points`: a power of two, 16 .. 1024. They are three quarters of a turn, as
 * (cos, -sin) pairs. Traps if `to` has fewer than 3 / 2 x `points` values.
 */
export function prepare(to: Samples16, points: i32): void {
  const count = (points * 3) >> 2;
  fits(count * 2, to.length);
  const stride = WAVE_POINTS / points;
  let twiddles = to.data;
  charge(count);
  for (let i = 0; i < count; i++) {
    store<i16>(twiddles, cosine(i * stride));
    store<i16>(twiddles, cosine(i * stride + WAVE_POINTS / 4), 2);
    twiddles += 4;
  }
}

/** cos(2 pi i / WAVE_POINTS) in Q15. */
function cosine(i: i32): i32 {
  i &= WAVE_POINTS - 1;
  if (i > WAVE_POINTS / 2) i = WAVE_POINTS - i;
  return i > WAVE_POINTS / 4
    ? -(<i32>load<i16>(QUARTER_WAVE + ((WAVE_POINTS / 2 - i) << 1)))
    : <i32>load<i16>(QUARTER_WAVE + (i << 1));
}

/**
 * Computes bins 0 .. points / 2 of the spectrum of real samples. Traps if a buffer is too small.
 *
 * @param src `points` values
 * @param dst complex (real, imaginary) pairs: `points` + 2 values; not src
 * @param factors from `prepare` for the same `points`
 */
export function realFft(src: Samples16, dst: Samples16, factors: Samples16, points: i32): void {
  fits(points, src.length);
  fits(points + 2, dst.length);
  fits((points * 3) >> 1, factors.length);
  transform(src.data, dst.data, factors.data, points);
}

function transform(src: usize, dst: usize, twiddles: usize, points: i32): void {
  const n = points >> 1;
  const stages = 31 - clz(n);
  charge(n * (stages + 2));
  if (nn_real_fft(src, dst, twiddles, points)) return;
  let width: i32;
  if (stages & 1) {
    firstStage2(src, dst, n);
    width = 2;
  } else {
    firstStage4(src, dst, n);
    width = 4;
  }
  for (; width < n; width <<= 2) stage4(dst, twiddles, n, width);
  separate(dst, twiddles, n);
}

/** x / 4 and x / 2 as in kissfft: a product with 32767 / 4 or / 2. */
// @ts-ignore: decorator
@inline
function quarter(x: i32): i32 {
  return (x * 8191 + 16384) >> 15;
}

// @ts-ignore: decorator
@inline
function half(x: i32): i32 {
  return (x * 16383 + 16384) >> 15;
}

// @ts-ignore: decorator
@inline
function q15(x: i32): i32 {
  return (x + 16384) >> 15;
}

/** Returns the next index in base-4 digit-reversed order below 4 x `top`. */
// @ts-ignore: decorator
@inline
function nextReversed(index: i32, top: i32): i32 {
  while (top > 0 && (index & (top * 3)) == top * 3) {
    index ^= top * 3;
    top >>= 2;
  }
  return index + top;
}

/**
 * Reads the input in digit-reversed order. The only twiddle factor is 1, which leaves the divided value unchanged in
 * kissfft.
 */
function firstStage4(src: usize, dst: usize, n: i32): void {
  const step = <usize>n;
  const end = dst + (<usize>n << 2);
  let index = 0;
  while (dst < end) {
    let p = src + (<usize>index << 2);
    const r0 = quarter(load<i16>(p));
    const i0 = quarter(load<i16>(p, 2));
    p += step;
    const r1 = quarter(load<i16>(p));
    const i1 = quarter(load<i16>(p, 2));
    p += step;
    const r2 = quarter(load<i16>(p));
    const i2 = quarter(load<i16>(p, 2));
    p += step;
    const r3 = quarter(load<i16>(p));
    const i3 = quarter(load<i16>(p, 2));
    store<i16>(dst, r0 + r2 + (r1 + r3));
    store<i16>(dst, i0 + i2 + (i1 + i3), 2);
    store<i16>(dst, r0 - r2 + (i1 - i3), 4);
    store<i16>(dst, i0 - i2 - (r1 - r3), 6);
    store<i16>(dst, r0 + r2 - (r1 + r3), 8);
    store<i16>(dst, i0 + i2 - (i1 + i3), 10);
    store<i16>(dst, r0 - r2 - (i1 - i3), 12);
    store<i16>(dst, i0 - i2 + (r1 - r3), 14);
    dst += 16;
    index = nextReversed(index, n >> 4);
  }
}

function firstStage2(src: usize, dst: usize, n: i32): void {
  const step = <usize>n << 1;
  const end = dst + (<usize>n << 2);
  let index = 0;
  while (dst < end) {
    const p = src + (<usize>index << 2);
    const r0 = half(load<i16>(p));
    const i0 = half(load<i16>(p, 2));
    const r1 = half(load<i16>(p + step));
    const i1 = half(load<i16>(p + step, 2));
    store<i16>(dst, r0 + r1);
    store<i16>(dst, i0 + i1, 2);
    store<i16>(dst, r0 - r1, 4);
    store<i16>(dst, i0 - i1, 6);
    dst += 8;
    index = nextReversed(index, n >> 3);
  }
}

/**
 * Combines four transforms of `width` at a time, in place. The twiddle factors of a column are loaded once for all its
 * butterflies.
 */
function stage4(data: usize, twiddles: usize, n: i32, width: i32): void {
  const row = <usize>width << 2;
  const end = data + (<usize>n << 2);
  // `twiddles` is for 2n points, so one step of this stage is 2n / (4 x width) of them.
  const stride = <usize>(n / width) << 1;
  let t1 = twiddles;
  let t2 = twiddles;
  let t3 = twiddles;
  const columns = data + row;
  for (; data < columns; data += 4) {
    const c1 = <i32>load<i16>(t1);
    const s1 = <i32>load<i16>(t1, 2);
    const c2 = <i32>load<i16>(t2);
    const s2 = <i32>load<i16>(t2, 2);
    const c3 = <i32>load<i16>(t3);
    const s3 = <i32>load<i16>(t3, 2);
    t1 += stride;
    t2 += stride << 1;
    t3 += stride * 3;
    for (let p0 = data; p0 < end; p0 += row << 2) {
      const p1 = p0 + row;
      const p2 = p1 + row;
      const p3 = p2 + row;
      let r = quarter(load<i16>(p1));
      let i = quarter(load<i16>(p1, 2));
      const ar = q15(r * c1 - i * s1);
      const ai = q15(r * s1 + i * c1);
      r = quarter(load<i16>(p2));
      i = quarter(load<i16>(p2, 2));
      const br = q15(r * c2 - i * s2);
      const bi = q15(r * s2 + i * c2);
      r = quarter(load<i16>(p3));
      i = quarter(load<i16>(p3, 2));
      const cr = q15(r * c3 - i * s3);
      const ci = q15(r * s3 + i * c3);
      r = quarter(load<i16>(p0));
      i = quarter(load<i16>(p0, 2));
      store<i16>(p0, r + br + (ar + cr));
      store<i16>(p0, i + bi + (ai + ci), 2);
      store<i16>(p1, r - br + (ai - ci));
      store<i16>(p1, i - bi - (ar - cr), 2);
      store<i16>(p2, r + br - (ar + cr));
      store<i16>(p2, i + bi - (ai + ci), 2);
      store<i16>(p3, r - br - (ai - ci));
      store<i16>(p3, i - bi + (ar - cr), 2);
    }
  }
}

/**
 * Separates the spectra of even and odd samples and combines them. It works in place, because bins k and n - k only
 * need each other.
 */
function separate(data: usize, twiddles: usize, n: i32): void {
  const dcEven = half(load<i16>(data));
  const dcOdd = half(load<i16>(data, 2));
  const last = data + (<usize>n << 2);
  store<i16>(data, dcEven + dcOdd);
  store<i16>(data, 0, 2);
  store<i16>(last, dcEven - dcOdd);
  store<i16>(last, 0, 2);
  let left = data + 4;
  let right = last - 4;
  for (; left <= right; left += 4, right -= 4) {
    twiddles += 4;
    const c = <i32>load<i16>(twiddles);
    const s = <i32>load<i16>(twiddles, 2);
    const lr = half(load<i16>(left));
    const li = half(load<i16>(left, 2));
    const rr = half(load<i16>(right));
    const ri = half(<i32>(<i16>-(<i32>load<i16>(right, 2))));
    const er = lr + rr;
    const ei = li + ri;
    const dr = lr - rr;
    const di = li - ri;
    // Times -i x (c, s), a rotation by a quarter turn; int16 as in kissfft, where this may wrap.
    const tr = <i32>(<i16>q15(dr * s + di * c));
    const ti = <i32>(<i16>q15(di * s - dr * c));
    store<i16>(left, (er + tr) >> 1);
    store<i16>(left, (ei + ti) >> 1, 2);
    store<i16>(right, (er - tr) >> 1);
    store<i16>(right, (ti - ei) >> 1, 2);
  }
}
