/** For tests: damaged copies of modules, repeatable from a seed. */

/** Random integers below a bound, from a 32-bit xorshift, so that a failing run can be repeated. */
export function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Opcodes, types and numbers that are likely to reach special cases of a parser. */
const SPICE = [
  0x00, 0x01, 0x02, 0x03, 0x0b, 0x0c, 0x0e, 0x10, 0x11, 0x20, 0x28, 0x40, 0x41, 0x60, 0x7c, 0x7f, 0x80, 0xfc, 0xff,
];

/**
 * Returns a copy with one to four changes: a flipped bit, a replaced byte, or a range that is removed, duplicated or
 * moved.
 */
export function mutate(wasm: Uint8Array, below: (bound: number) => number): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(wasm);
  for (let changes = 1 + below(4); changes > 0; changes--) {
    // Mostly behind magic number and version, whose damage is always detected in the same way.
    const at = bytes.length > 9 && below(50) > 0 ? 8 + below(bytes.length - 8) : below(Math.max(bytes.length, 1));
    const length = 1 + below(8);
    switch (below(8)) {
      case 0:
        bytes = splice(bytes, at, length, new Uint8Array());
        break;
      case 1:
        bytes = splice(bytes, at, 0, bytes.slice(at, at + length));
        break;
      case 2:
        bytes = splice(bytes, at, 0, Uint8Array.of(SPICE[below(SPICE.length)]!));
        break;
      case 3:
      case 4:
        bytes[at] = SPICE[below(SPICE.length)]!;
        break;
      case 5:
        bytes[at] = below(256);
        break;
      default:
        bytes[at]! ^= 1 << below(8);
    }
  }
  return bytes;
}

function splice(bytes: Uint8Array, at: number, cut: number, put: Uint8Array): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, at), ...put, ...bytes.subarray(at + cut)]);
}
