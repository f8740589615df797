// Average pooling of int8, NHWC, one batch: the mean of the values inside the image, halves rounded away from zero.
// Equal to reference_integer_ops::AveragePool of TensorFlow Lite.

import { pool } from './pool';

export function average_pool2d(arena: usize, rom: i32): void {
  pool(arena, rom, true);
}
