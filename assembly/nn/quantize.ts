// float32 to int8, for a model with float input. Equal to reference_ops::AffineQuantize of TensorFlow Lite; values
// outside int8 are saturated, and NaN becomes the zero point.

import { field, open } from './operator';
import { ConvertRecord } from './records';

export function quantize(arena: usize, rom: i32): void {
  open(rom, ConvertRecord.WORDS);
  let input = arena + field(ConvertRecord.INPUT);
  let output = arena + field(ConvertRecord.OUTPUT);
  const scale = reinterpret<f32>(field(ConvertRecord.SCALE));
  const zero = field(ConvertRecord.ZERO);
  for (let count = field(ConvertRecord.COUNT); count > 0; --count) {
    const value = load<f32>(input) / scale;
    // Halves away from zero: the difference to the integer part is exact in float32.
    let whole = trunc(value);
    if (abs(value - whole) >= 0.5) whole += copysign<f32>(1, value);
    let steps: f32 = 0;
    if (whole == whole) steps = min<f32>(max<f32>(whole, -512), 512);
    store<i8>(output, <i8>min(max(<i32>steps + zero, <i32>i8.MIN_VALUE), <i32>i8.MAX_VALUE));
    input += 4;
    ++output;
  }
}
