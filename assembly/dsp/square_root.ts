/**
 * Square root, rounded to nearest; at most 65535 for values below 2^32.
 * Source: TensorFlow Lite Micro, signal/src/square_root_32.cc and square_root_64.cc.
 */
export function squareRoot(value: u64): u32 {
  if (value >> 32 == 0) return squareRoot32(<u32>value);
  let bit: u64 = (<u64>1) << ((63 - clz(value)) & ~1);
  let root: u64 = 0;
  for (; bit != 0; bit >>= 2) {
    const trial = root + bit;
    root >>= 1;
    if (value >= trial) {
      value -= trial;
      root += bit;
    }
  }
  if (value > root && root != 0xffffffff) root++;
  return <u32>root;
}

/** The same in 32 bits, which is the common case for quiet signals. */
function squareRoot32(value: u32): u32 {
  if (value == 0) return 0;
  let bit: u32 = (<u32>1) << ((31 - clz(value)) & ~1);
  let root: u32 = 0;
  for (; bit != 0; bit >>= 2) {
    const trial = root + bit;
    root >>= 1;
    if (value >= trial) {
      value -= trial;
      root += bit;
    }
  }
  if (value > root && root != 0xffff) root++;
  return root;
}
