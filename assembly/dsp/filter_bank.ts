import { nn_filter_bank } from '../abi/module';
import { charge } from '../abi/fuel';
import { squareRoot } from './square_root';

/**
 * Overlapping triangular filters over energies. Channel c sums the bins left of its centre with their right weight and
 * those right of it with their left weight. Its output is the square root of the sum, shifted right by `shift` (the
 * scale of the transform before).
 *
 * @param energy uint32 values from bin `edges[0]` on
 * @param edges uint16[channels + 2]: first bin of each interval between centres, and the end
 * @param weights (left, right) int16 pairs from bin `edges[0]` on, Q12, not negative
 * @param dst uint32[channels]; not energy
 * Source: TensorFlow Lite Micro, signal/src/filter_bank.cc and filter_bank_square_root.cc.
 */
export function filterBank(energy: usize, edges: usize, weights: usize, channels: i32, shift: i32, dst: usize): void {
  charge(channels * 16 + (<i32>load<u16>(edges + ((channels + 1) << 1)) - <i32>load<u16>(edges)) * 2);
  if (nn_filter_bank(energy, edges, weights, channels, shift, dst)) return;
  let fromLeft: u64 = 0;
  for (let c = -1; c < channels; c++) {
    let left = fromLeft;
    fromLeft = 0;
    let bins = <i32>load<u16>(edges, 2) - <i32>load<u16>(edges);
    edges += 2;
    for (; bins > 0; bins--) {
      const e = <u64>load<u32>(energy);
      left += e * <u64>load<u16>(weights);
      fromLeft += e * <u64>load<u16>(weights, 2);
      energy += 4;
      weights += 4;
    }
    if (c < 0) continue;
    store<u32>(dst, squareRoot(left) >> shift);
    dst += 4;
  }
}
