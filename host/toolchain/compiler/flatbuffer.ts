/**
 * Bounds-checked reading of FlatBuffers (https://flatbuffers.dev/internals), for untrusted files. Every offset is checked against the file. A
 * budget of values limits the graph of a small file that shares its vectors.
 */
import { MoteError } from '../../base/index.ts';

/** The maximum number of values to read from one file, including repeated reads of shared vectors and strings. */
const READ_BUDGET = 8_000_000;

export class FlatbufferReader {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private budget = READ_BUDGET;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The root table, after its four-character identifier was checked. */
  root(identifier: string): Table {
    this.need(0, 8, 'header');
    const found = String.fromCharCode(...this.bytes.subarray(4, 8));
    if (found !== identifier) {
      throw new MoteError('MODEL_FORMAT', `this is not a ${identifier} file: give a TensorFlow Lite model (.tflite)`);
    }
    return this.table(this.offset(0, 'root table'), 'model');
  }

  /** A table at an absolute position; `what` names it in errors. */
  table(at: number, what: string): Table {
    this.need(at, 4, what);
    const vtable = at - this.view.getInt32(at, true);
    this.need(vtable, 4, what);
    const vtableBytes = this.view.getUint16(vtable, true);
    const tableBytes = this.view.getUint16(vtable + 2, true);
    this.need(vtable, vtableBytes, what);
    this.need(at, tableBytes, what);
    return new Table(this, { at, vtable, vtableBytes, tableBytes }, what);
  }

  /** Follows the forward offset at `at`. */
  offset(at: number, what: string): number {
    this.need(at, 4, what);
    return at + this.view.getUint32(at, true);
  }

  /** Start and count of the vector at `at`, whose elements of `size` bytes are all inside the file. */
  vector(at: number, size: number, what: string): { start: number; count: number } {
    this.need(at, 4, what);
    const count = this.view.getUint32(at, true);
    this.need(at + 4, count * size, what);
    return { start: at + 4, count };
  }

  spend(values: number, what: string): void {
    this.budget -= values;
    if (this.budget < 0) throw new MoteError('MODEL_COMPLEX', `the model is too complex: stopped reading at ${what}`);
  }

  need(at: number, length: number, what: string): void {
    if (at < 0 || at + length > this.bytes.length) {
      throw new MoteError('MODEL_TRUNCATED', `the model is cut off or damaged: ${what} lies outside the file`);
    }
  }

  int8(at: number): number {
    return this.view.getInt8(at);
  }

  uint16(at: number): number {
    return this.view.getUint16(at, true);
  }

  int32(at: number): number {
    return this.view.getInt32(at, true);
  }

  uint32(at: number): number {
    return this.view.getUint32(at, true);
  }

  float32(at: number): number {
    return this.view.getFloat32(at, true);
  }

  int64(at: number): bigint {
    return this.view.getBigInt64(at, true);
  }
}

const decoder = new TextDecoder();

/** Positions of a table and its vtable. */
interface Span {
  at: number;
  vtable: number;
  vtableBytes: number;
  tableBytes: number;
}

/** One table. Fields are read by their index in the schema; a missing field has its default. */
export class Table {
  readonly what: string;
  private readonly reader: FlatbufferReader;
  private readonly span: Span;

  constructor(reader: FlatbufferReader, span: Span, what: string) {
    this.reader = reader;
    this.span = span;
    this.what = what;
  }

  int8(field: number, otherwise: number): number {
    const at = this.field(field, 1);
    return at === undefined ? otherwise : this.reader.int8(at);
  }

  int32(field: number, otherwise: number): number {
    const at = this.field(field, 4);
    return at === undefined ? otherwise : this.reader.int32(at);
  }

  uint32(field: number, otherwise: number): number {
    const at = this.field(field, 4);
    return at === undefined ? otherwise : this.reader.uint32(at);
  }

  float32(field: number, otherwise: number): number {
    const at = this.field(field, 4);
    return at === undefined ? otherwise : this.reader.float32(at);
  }

  bool(field: number, otherwise: boolean): boolean {
    return this.int8(field, otherwise ? 1 : 0) !== 0;
  }

  table(field: number, what: string): Table | undefined {
    const at = this.field(field, 4);
    return at === undefined ? undefined : this.reader.table(this.reader.offset(at, what), what);
  }

  /** A vector of tables; none when the field is missing. Throws when there are more than `limit`. */
  tables(field: number, what: string, limit: number): Table[] {
    const { start, count } = this.vector(field, 4, what, limit);
    return Array.from({ length: count }, (_, i) => {
      const name = `${what} ${i}`;
      return this.reader.table(this.reader.offset(start + 4 * i, name), name);
    });
  }

  int32s(field: number, what: string, limit: number): number[] {
    const { start, count } = this.vector(field, 4, what, limit);
    return Array.from({ length: count }, (_, i) => this.reader.int32(start + 4 * i));
  }

  float32s(field: number, what: string, limit: number): number[] {
    const { start, count } = this.vector(field, 4, what, limit);
    return Array.from({ length: count }, (_, i) => this.reader.float32(start + 4 * i));
  }

  int64s(field: number, what: string, limit: number): bigint[] {
    const { start, count } = this.vector(field, 8, what, limit);
    return Array.from({ length: count }, (_, i) => this.reader.int64(start + 8 * i));
  }

  /** A view of a vector of bytes. It is not a copy, so it doesn't count against the budget. */
  data(field: number, what: string): Uint8Array {
    const at = this.field(field, 4);
    if (at === undefined) return new Uint8Array(0);
    const { start, count } = this.reader.vector(this.reader.offset(at, what), 1, what);
    return this.reader.bytes.subarray(start, start + count);
  }

  /** A UTF-8 string of at most `limit` bytes. */
  text(field: number, what: string, limit: number): string {
    const bytes = this.data(field, what);
    if (bytes.length > limit)
      throw new MoteError('MODEL_COMPLEX', `${what} has ${bytes.length} bytes, at most ${limit} are allowed`);
    this.reader.spend(bytes.length, what);
    return decoder.decode(bytes);
  }

  private vector(field: number, size: number, what: string, limit: number): { start: number; count: number } {
    const at = this.field(field, 4);
    if (at === undefined) return { start: 0, count: 0 };
    const vector = this.reader.vector(this.reader.offset(at, what), size, what);
    if (vector.count > limit) {
      throw new MoteError(
        'MODEL_COMPLEX',
        `${this.what} has ${vector.count} values of ${what}, at most ${limit} are allowed`,
      );
    }
    this.reader.spend(vector.count, what);
    return vector;
  }

  /** Absolute position of a field of `size` bytes; undefined if the table omits it. */
  private field(field: number, size: number): number | undefined {
    const { at, vtable, vtableBytes, tableBytes } = this.span;
    const slot = 4 + 2 * field;
    if (slot + 2 > vtableBytes) return undefined;
    const offset = this.reader.uint16(vtable + slot);
    if (offset === 0) return undefined;
    if (offset + size > tableBytes) {
      throw new MoteError('MODEL_FORMAT', `${this.what} is damaged: a field lies outside its table`);
    }
    return at + offset;
  }
}
