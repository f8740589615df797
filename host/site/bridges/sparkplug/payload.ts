/** Writes payloads of Sparkplug B (protocol buffers; Sparkplug 3.0.0, section 6.4, `sparkplug_b.proto`). */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** Data types (section 6.4.16), those that a site writes. */
export const DATA_TYPE = { int32: 3, int64: 4, double: 10, boolean: 11, string: 12 } as const;
export type DataType = 'int64' | 'double' | 'boolean';

/** The codes of the property `Quality` (section 6.4.18). */
export const QUALITY = { bad: 0, good: 192 } as const;

export interface OutMetric {
  /** Absent: the receiver knows the alias. */
  readonly name?: string;
  readonly alias?: number;
  readonly timestampMs: number;
  readonly type: DataType;
  /** A bigint of `int64`, a number of `double`, a boolean of `boolean`. */
  readonly value: bigint | number | boolean;
  readonly historical?: boolean;
  /** UCUM; of births. */
  readonly unit?: string;
  readonly quality?: number;
}

/** `seq`: 0 to 255; null in a death of the edge node, which has none. */
export function writeSparkplug(timestampMs: number, metrics: readonly OutMetric[], seq: number | null): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).uint64(timestampMs);
  for (const metric of metrics) {
    writer.tag(2, WireType.LengthDelimited).fork();
    writeMetric(writer, metric);
    writer.join();
  }
  if (seq !== null) writer.tag(3, WireType.Varint).uint64(seq);
  return writer.finish();
}

function writeMetric(writer: BinaryWriter, metric: OutMetric): void {
  const { name, alias, timestampMs, type, value, historical = false, unit = '', quality = QUALITY.good } = metric;
  if (name !== undefined) writer.tag(1, WireType.LengthDelimited).string(name);
  if (alias !== undefined) writer.tag(2, WireType.Varint).uint64(alias);
  writer.tag(3, WireType.Varint).uint64(timestampMs);
  writer.tag(4, WireType.Varint).uint32(DATA_TYPE[type]);
  if (historical) writer.tag(5, WireType.Varint).bool(true);
  writeProperties(writer, unit, quality);
  if (typeof value === 'boolean') writer.tag(14, WireType.Varint).bool(value);
  // Negative integers are in two's complement.
  else if (typeof value === 'bigint') writer.tag(11, WireType.Varint).uint64(BigInt.asUintN(64, value));
  else writer.tag(13, WireType.Bit64).double(value);
}

/** `engUnit` is the name that Ignition uses; the standard has none for units. A good quality goes without saying. */
function writeProperties(writer: BinaryWriter, unit: string, quality: number): void {
  if (unit === '' && quality === QUALITY.good) return;
  writer.tag(9, WireType.LengthDelimited).fork();
  if (unit !== '') writer.tag(1, WireType.LengthDelimited).string('engUnit');
  if (quality !== QUALITY.good) writer.tag(1, WireType.LengthDelimited).string('Quality');
  if (unit !== '') {
    writer.tag(2, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).uint32(DATA_TYPE.string).tag(8, WireType.LengthDelimited).string(unit).join();
  }
  if (quality !== QUALITY.good) {
    writer.tag(2, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).uint32(DATA_TYPE.int32).tag(3, WireType.Varint).uint32(quality).join();
  }
  writer.join();
}
