/** Tables of exponentials for softmax: 2^31 x exp(-beta x scale x difference), decreasing. */
import type { Dice } from './case-file.ts';

export function softmaxTableFor(dice: Dice): number[] {
  const step = 2 ** dice.int(-9, 0) * (1 + dice.bits() / 2 ** 32);
  const size = dice.chance(50) ? 256 : dice.int(1, 256);
  return Array.from({ length: size }, (_, i) => Math.min(2 ** 31 - 1, Math.round(2 ** 31 * Math.exp(-step * i))));
}
