/** Reads the payload of Sparkplug B (protocol buffers; Sparkplug 3.0.0, section 6.4, `sparkplug_b.proto`). */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A value as it is on the wire; its meaning depends on the data type. */
export type WireValue = number | bigint | boolean | string;

export interface SparkplugMetric {
  name?: string;
  alias?: bigint;
  timestampMs?: number;
  datatype?: number;
  isNull?: boolean;
  value?: WireValue;
  /** True: bytes, a data set or a template. */
  complex?: boolean;
  properties?: ReadonlyMap<string, WireValue>;
}

export interface SparkplugPayload {
  timestampMs?: number;
  /** 0 to 255. */
  seq?: number;
  readonly metrics: readonly SparkplugMetric[];
}

const MAX_PAYLOAD_METRICS = 100_000;
const MAX_PROPERTIES = 1_000;

/** Throws an error for bytes that are no such payload, and for more than 100,000 metrics. */
export function readSparkplug(bytes: Uint8Array): SparkplugPayload {
  const reader = new BinaryReader(bytes);
  const metrics: SparkplugMetric[] = [];
  const payload: { timestampMs?: number; seq?: number; metrics: SparkplugMetric[] } = { metrics };
  message(reader, bytes.length, PAYLOAD, (field) => {
    if (field === 1) payload.timestampMs = Number(reader.uint64());
    else if (field === 3) payload.seq = Number(reader.uint64());
    else {
      if (metrics.length >= MAX_PAYLOAD_METRICS) throw new RangeError('too many metrics');
      metrics.push(metric(reader));
    }
  });
  return payload;
}

/** The wire types of the fields of each message, by their numbers. */
const { Varint, Bit64, LengthDelimited, Bit32 } = WireType;
const PAYLOAD = { 1: Varint, 2: LengthDelimited, 3: Varint };
const METRIC = {
  1: LengthDelimited,
  2: Varint,
  3: Varint,
  4: Varint,
  7: Varint,
  9: LengthDelimited,
  10: Varint,
  11: Varint,
  12: Bit32,
  13: Bit64,
  14: Varint,
  15: LengthDelimited,
  16: LengthDelimited,
  17: LengthDelimited,
  18: LengthDelimited,
  19: LengthDelimited,
};
const PROPERTIES = { 1: LengthDelimited, 2: LengthDelimited };
const PROPERTY = { 3: Varint, 4: Varint, 5: Bit32, 6: Bit64, 7: Varint, 8: LengthDelimited };

/** Reads the fields of `types` up to `end`, and skips all others, and those of another wire type. */
function message(
  reader: BinaryReader,
  end: number,
  types: { readonly [field: number]: WireType },
  read: (field: number) => void,
): void {
  while (reader.pos < end) {
    const [field, wireType] = reader.tag();
    if (types[field] === wireType) read(field);
    else reader.skip(wireType, field);
  }
  if (reader.pos !== end) throw new RangeError('a field reaches beyond its message');
}

/** The end of an embedded message. */
function inner(reader: BinaryReader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('premature EOF');
  return end;
}

function metric(reader: BinaryReader): SparkplugMetric {
  const result: SparkplugMetric = {};
  message(reader, inner(reader), METRIC, (field) => {
    if (field === 1) result.name = reader.string();
    else if (field === 2) result.alias = BigInt(reader.uint64());
    else if (field === 3) result.timestampMs = Number(reader.uint64());
    else if (field === 4) result.datatype = reader.uint32();
    else if (field === 7) result.isNull = reader.bool();
    else if (field === 9) result.properties = properties(reader);
    else if (field < 16) result.value = value(reader, field - 10);
    else {
      result.complex = true;
      reader.bytes();
    }
  });
  return result;
}

/** A value of one of the six simple kinds, in the order in which metrics and properties number them. */
function value(reader: BinaryReader, kind: number): WireValue {
  if (kind === 0) return reader.uint32();
  if (kind === 1) return BigInt(reader.uint64());
  if (kind === 2) return reader.float();
  if (kind === 3) return reader.double();
  return kind === 4 ? reader.bool() : reader.string();
}

function properties(reader: BinaryReader): Map<string, WireValue> {
  const keys: string[] = [];
  const values: (WireValue | undefined)[] = [];
  message(reader, inner(reader), PROPERTIES, (field) => {
    if (keys.length > MAX_PROPERTIES || values.length > MAX_PROPERTIES) throw new RangeError('too many properties');
    if (field === 1) keys.push(reader.string());
    else values.push(property(reader));
  });
  const result = new Map<string, WireValue>();
  for (const [i, key] of keys.entries()) if (values[i] !== undefined) result.set(key, values[i]);
  return result;
}

function property(reader: BinaryReader): WireValue | undefined {
  let result: WireValue | undefined;
  message(reader, inner(reader), PROPERTY, (field) => {
    result = value(reader, field - 3);
  });
  return result;
}
