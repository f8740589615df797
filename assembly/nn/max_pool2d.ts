// Maximum pooling of int8, NHWC, one batch. Equal to reference_integer_ops::MaxPool of TensorFlow Lite.

import { pool } from './pool';

export function max_pool2d(arena: usize, rom: i32): void {
  pool(arena, rom, false);
}
