/** UTF-8 of AssemblyScript strings (UTF-16) without the heap. A surrogate without its partner becomes U+FFFD. */
import { charge } from '../abi/fuel';

/** Returns the code point at code unit `i`; it takes two units if it is above 0xffff. */
function codePointAt(text: string, i: i32): u32 {
  const unit = <u32>load<u16>(changetype<usize>(text) + (<usize>i << 1));
  if ((unit & 0xf800) != 0xd800) return unit;
  if (unit < 0xdc00 && i + 1 < text.length) {
    const low = <u32>load<u16>(changetype<usize>(text) + (<usize>i << 1), 2);
    if ((low & 0xfc00) == 0xdc00) return 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
  }
  return 0xfffd;
}

// @ts-ignore: decorator
@inline
function widthOf(point: u32): i32 {
  return 1 + i32(point > 0x7f) + i32(point > 0x7ff) + i32(point > 0xffff);
}

/** Returns the number of UTF-8 bytes of the text. */
export function utf8Length(text: string): i32 {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const width = widthOf(codePointAt(text, i));
    bytes += width;
    if (width == 4) i++;
  }
  charge(text.length);
  return bytes;
}

/** Writes as many whole characters as fit and returns the number of their bytes. */
export function writeUtf8(text: string, dst: usize, capacity: i32): i32 {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    let point = codePointAt(text, i);
    const width = widthOf(point);
    if (bytes + width > capacity) break;
    for (let k = width - 1; k > 0; k--) {
      store<u8>(dst + bytes + k, 0x80 | (point & 0x3f));
      point >>= 6;
    }
    store<u8>(dst + bytes, width == 1 ? point : point | (0xf00 >> width));
    bytes += width;
    if (width == 4) i++;
  }
  charge(text.length * 2);
  return bytes;
}

/** Returns whether the `length` bytes at `bytes` equal the text. */
export function equalsUtf8(text: string, bytes: usize, length: i32): bool {
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    let point = codePointAt(text, i);
    const width = widthOf(point);
    if (at + width > length) return false;
    for (let k = width - 1; k > 0; k--) {
      if (load<u8>(bytes + at + k) != (0x80 | (point & 0x3f))) return false;
      point >>= 6;
    }
    if (load<u8>(bytes + at) != (width == 1 ? point : point | ((0xf00 >> width) & 0xff))) return false;
    at += width;
    if (width == 4) i++;
  }
  charge(text.length * 2);
  return at == length;
}
