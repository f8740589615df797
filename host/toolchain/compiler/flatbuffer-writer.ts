/** Writes FlatBuffers front to back, for tests: a table, then what it refers to, without shared values or omitted defaults. */

interface Scalar {
  kind: 'int8' | 'int32' | 'float32';
  value: number;
}

type Reference =
  | { kind: 'table'; fields: Fields }
  | { kind: 'tables'; items: readonly Fields[] }
  | { kind: 'int32s' | 'float32s' | 'int64s'; values: readonly number[] }
  | { kind: 'bytes'; bytes: Uint8Array };

export type Field = Scalar | Reference;
/** Fields of a table by their number in the schema. */
export type Fields = Readonly<Record<number, Field>>;

class Writer {
  private bytes = new Uint8Array(1024);
  private view = new DataView(this.bytes.buffer);
  length = 0;

  /** Adds space at the end, at a multiple of `alignment`, and returns its offset. */
  take(length: number, alignment: number): number {
    const at = Math.ceil(this.length / alignment) * alignment;
    this.length = at + length;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }

  table(fields: Fields): number {
    const numbers = Object.keys(fields).map(Number);
    const slots = numbers.length === 0 ? 0 : Math.max(...numbers) + 1;
    const vtable = this.take(4 + 2 * slots, 4);
    const at = this.take(4 + 4 * numbers.length, 4);
    this.view.setUint16(vtable, 4 + 2 * slots, true);
    this.view.setUint16(vtable + 2, 4 + 4 * numbers.length, true);
    this.view.setInt32(at, at - vtable, true);
    numbers.forEach((number, i) => {
      this.view.setUint16(vtable + 4 + 2 * number, 4 + 4 * i, true);
      this.field(at + 4 + 4 * i, fields[number]!);
    });
    return at;
  }

  private field(at: number, field: Field): void {
    if (!('value' in field)) this.refer(at, this.target(field));
    else if (field.kind === 'int8') this.view.setInt8(at, field.value);
    else if (field.kind === 'int32') this.view.setInt32(at, field.value, true);
    else this.view.setFloat32(at, field.value, true);
  }

  refer(at: number, target: number): void {
    this.view.setUint32(at, target - at, true);
  }

  private target(field: Reference): number {
    switch (field.kind) {
      case 'table':
        return this.table(field.fields);
      case 'bytes': {
        const at = this.vector(field.bytes.length, 1);
        this.bytes.set(field.bytes, at + 4);
        return at;
      }
      case 'tables': {
        const at = this.vector(field.items.length, 4);
        field.items.forEach((item, i) => {
          this.refer(at + 4 + 4 * i, this.table(item));
        });
        return at;
      }
      default: {
        const size = field.kind === 'int64s' ? 8 : 4;
        const at = this.vector(field.values.length, size);
        field.values.forEach((value, i) => {
          const to = at + 4 + size * i;
          if (field.kind === 'int64s') this.view.setBigInt64(to, BigInt(value), true);
          else if (field.kind === 'int32s') this.view.setInt32(to, value, true);
          else this.view.setFloat32(to, value, true);
        });
        return at;
      }
    }
  }

  private vector(count: number, size: number): number {
    const at = this.take(4 + count * size, 4);
    this.view.setUint32(at, count, true);
    return at;
  }

  result(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  set(at: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, at);
  }
}

export function writeFlatbuffer(root: Fields, identifier: string): Uint8Array {
  const writer = new Writer();
  const header = writer.take(8, 4);
  writer.set(header + 4, new TextEncoder().encode(identifier));
  writer.refer(header, writer.table(root));
  return writer.result();
}
