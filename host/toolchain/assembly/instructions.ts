/** The instructions of a module that the compiler has made, so that it is valid. */

export interface Body {
  bytes: Uint8Array;
  /** Of the first byte of locals, and behind the last instruction. */
  offset: number;
  end: number;
}

export interface Instruction {
  offset: number;
  opcode: number;
}

const CODE = 10;

class Cursor {
  readonly bytes: Uint8Array;
  offset: number;
  constructor(bytes: Uint8Array, offset: number) {
    this.bytes = bytes;
    this.offset = offset;
  }
  u8(): number {
    return this.bytes[this.offset++]!;
  }
  u32(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
  skipNumbers(count: number): void {
    for (; count > 0; count--) while (this.u8() >= 0x80);
  }
}

/** The module without the custom section that names its source map. */
export function withoutMapName(bytes: Uint8Array): Uint8Array {
  const cursor = new Cursor(bytes, 8);
  while (cursor.offset < bytes.length) {
    const start = cursor.offset;
    const custom = cursor.u8() === 0;
    const end = cursor.u32() + cursor.offset;
    const name = bytes.subarray(cursor.offset + 1, cursor.offset + 1 + bytes[cursor.offset]!);
    if (custom && Buffer.from(name).toString() === 'sourceMappingURL')
      return new Uint8Array(Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]));
    cursor.offset = end;
  }
  return bytes;
}

/** The bodies of the functions, in their order. */
export function functionBodies(bytes: Uint8Array): Body[] {
  const cursor = new Cursor(bytes, 8);
  while (cursor.offset < bytes.length) {
    const id = cursor.u8();
    const end = cursor.u32() + cursor.offset;
    if (id === CODE) {
      return Array.from({ length: cursor.u32() }, () => {
        const size = cursor.u32();
        const offset = cursor.offset;
        cursor.offset += size;
        return { bytes, offset, end: cursor.offset };
      });
    }
    cursor.offset = end;
  }
  return [];
}

const [NOP, BLOCK, LOOP, IF, ELSE, END] = [0x01, 0x02, 0x03, 0x04, 0x05, 0x0b];
/** What only gives structure. Binaryen may write it differently when it has read a module. */
const STRUCTURE: readonly number[] = [NOP, BLOCK, ELSE, END];

/** The numbers that follow an opcode. */
function immediates(cursor: Cursor, opcode: number): void {
  if (opcode === BLOCK || opcode === LOOP || opcode === IF || opcode === 0x41 || opcode === 0x42) cursor.skipNumbers(1);
  else if (opcode === 0x0c || opcode === 0x0d || opcode === 0x10) cursor.skipNumbers(1);
  else if (opcode === 0x0e) cursor.skipNumbers(cursor.u32() + 1);
  else if (opcode === 0x11) cursor.skipNumbers(2);
  else if (opcode >= 0x20 && opcode <= 0x26) cursor.skipNumbers(1);
  else if (opcode >= 0x28 && opcode <= 0x3e) cursor.skipNumbers(2);
  else if (opcode === 0x3f || opcode === 0x40) cursor.skipNumbers(1);
  else if (opcode === 0x43) cursor.offset += 4;
  else if (opcode === 0x44) cursor.offset += 8;
  else if (opcode === 0xfc) {
    const [copy, fill] = [0x0a, 0x0b];
    const more = cursor.u32();
    if (more === copy || more === fill) cursor.skipNumbers(more === copy ? 2 : 1);
  }
}

/** The instructions of a body without those that only give structure. */
export function instructions({ bytes, offset, end }: Body): Instruction[] {
  const cursor = new Cursor(bytes, offset);
  cursor.skipNumbers(cursor.u32() * 2);
  const found: Instruction[] = [];
  while (cursor.offset < end) {
    const at = cursor.offset;
    const opcode = cursor.u8();
    immediates(cursor, opcode);
    if (!STRUCTURE.includes(opcode)) found.push({ offset: at, opcode });
  }
  return found;
}
