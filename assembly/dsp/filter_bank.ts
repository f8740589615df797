import { nn_filter_bank } from '../abi/module';
import { charge } from '../abi/fuel';
import { fits, Samples16, Values32 } from '../memory';
import { squareRoot } from './square_root';

/**
 * Overlapping triangular filters over energies. Channel c sums the bins left of its centre with their right weight and
 * those right of it with their left weight. Its output is the square root of the sum, shifted right by `shift` (the
 * scale of the transform before). Traps if a buffer is too small.
 *
 * @param energies uint32 from bin `bounds[0]` on
 * @param bounds uint16, two more than channels: first bin of each interval between centres, and the end; ascending
 * @param pairs (left, right) weights from bin `bounds[0]` on, Q12, not negative
 * @param to uint32 for each channel; not `energies`
 * Source: TensorFlow Lite Micro, signal/src/filter_bank.cc and filter_bank_square_root.cc.
 */
export function filterBank(energies: Values32, bounds: Samples16, pairs: Samples16, shift: i32, to: Values32): void {
  const channels = bounds.length - 2;
  fits(channels, to.length);
  let edges = bounds.data;
  const all = <i32>load<u16>(edges + ((channels + 1) << 1)) - <i32>load<u16>(edges);
  fits(all, energies.length);
  fits(all * 2, pairs.length);
  let energy = energies.data;
  let weights = pairs.data;
  let dst = to.data;
  charge(channels * 16 + all * 2);
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
