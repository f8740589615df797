// Fully connected layer of int8 for one row (several rows are a 1x1 convolution). Equal to
// reference_integer_ops::FullyConnected of TensorFlow Lite. Weights have the layout of conv2d and are read in tiles of
// whole steps, so a wide layer needs little scratch.

import { field, open, PARAMS, read } from './operator';
import { FullyConnectedRecord, PARAMS_BYTES } from './records';
import { clamp, multiply } from './requantize';

export function fully_connected(arena: usize, rom: i32): void {
  open(rom, FullyConnectedRecord.WORDS);
  const steps = field(FullyConnectedRecord.STEPS);
  const outputs = field(FullyConnectedRecord.OUTPUTS);
  const tileSteps = field(FullyConnectedRecord.TILE_STEPS);
  const tile = arena + field(FullyConnectedRecord.SCRATCH);

  let offset = field(FullyConnectedRecord.WEIGHTS);
  let output = arena + field(FullyConnectedRecord.OUTPUT);
  for (let left = outputs; left > 0; left -= 4) {
    read(offset, PARAMS, PARAMS_BYTES);
    offset += PARAMS_BYTES;
    let sum0 = load<i32>(PARAMS);
    let sum1 = load<i32>(PARAMS, 4);
    let sum2 = load<i32>(PARAMS, 8);
    let sum3 = load<i32>(PARAMS, 12);
    let x = arena + field(FullyConnectedRecord.INPUT);
    for (let step = 0; step < steps; step += tileSteps) {
      const bytes = min(tileSteps, steps - step) << 4;
      read(offset, tile, bytes);
      offset += bytes;
      let w = tile;
      const end = w + bytes;
      do {
        const x0 = i32.load8_s(x);
        const x1 = i32.load8_s(x, 1);
        const x2 = i32.load8_s(x, 2);
        const x3 = i32.load8_s(x, 3);
        sum0 += i32.load8_s(w) * x0;
        sum0 += i32.load8_s(w, 1) * x1;
        sum0 += i32.load8_s(w, 2) * x2;
        sum0 += i32.load8_s(w, 3) * x3;
        sum1 += i32.load8_s(w, 4) * x0;
        sum1 += i32.load8_s(w, 5) * x1;
        sum1 += i32.load8_s(w, 6) * x2;
        sum1 += i32.load8_s(w, 7) * x3;
        sum2 += i32.load8_s(w, 8) * x0;
        sum2 += i32.load8_s(w, 9) * x1;
        sum2 += i32.load8_s(w, 10) * x2;
        sum2 += i32.load8_s(w, 11) * x3;
        sum3 += i32.load8_s(w, 12) * x0;
        sum3 += i32.load8_s(w, 13) * x1;
        sum3 += i32.load8_s(w, 14) * x2;
        sum3 += i32.load8_s(w, 15) * x3;
        x += 4;
        w += 16;
      } while (w < end);
    }
    scale(sum0, PARAMS, output);
    if (left > 1) scale(sum1, PARAMS + 4, output + 1);
    if (left > 2) scale(sum2, PARAMS + 8, output + 2);
    if (left > 3) scale(sum3, PARAMS + 12, output + 3);
    output += 4;
  }
}

function scale(sum: i32, params: usize, output: usize): void {
  const scaled = multiply(sum, load<i32>(params, 16), load<u8>(params, 32), load<u8>(params, 33));
  const value = scaled + field(FullyConnectedRecord.OUTPUT_ZERO);
  store<i8>(output, <i8>clamp(value, field(FullyConnectedRecord.OUTPUT_MIN), field(FullyConnectedRecord.OUTPUT_MAX)));
}
