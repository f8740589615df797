// float32 to int8: the edge of a model whose input is float. Equal to reference_ops::AffineQuantize of TensorFlow Lite; what int8
// can't hold is saturated, and NaN is the zero point.

import { field, open } from './operator';

const INPUT: usize = 0;
const OUTPUT: usize = 1;
const COUNT: usize = 2;
/** float32 bits. */
const SCALE: usize = 3;
const ZERO: usize = 4;
const WORDS: i32 = 5;

export function quantize(arena: usize, rom: i32): void {
  open(rom, WORDS);
  let input = arena + field(INPUT);
  let output = arena + field(OUTPUT);
  const scale = reinterpret<f32>(field(SCALE));
  const zero = field(ZERO);
  for (let count = field(COUNT); count > 0; --count) {
    const value = load<f32>(input) / scale;
    // Halves away from zero: the difference to the whole part is exact in float32.
    let whole = trunc(value);
    if (abs(value - whole) >= 0.5) whole += copysign<f32>(1, value);
    let steps: f32 = 0;
    if (whole == whole) steps = min<f32>(max<f32>(whole, -512), 512);
    store<i8>(output, <i8>min(max(<i32>steps + zero, <i32>i8.MIN_VALUE), <i32>i8.MAX_VALUE));
    input += 4;
    ++output;
  }
}
