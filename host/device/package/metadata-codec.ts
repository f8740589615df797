/** The CBOR of a package's metadata: a map with exactly the keys below. Format: docs/spec/package.md. */

import { AbiLimit, MessageConstant, MetadataKey, PackageConstant } from '../../base/abi/index.ts';
import { type CborKey, type CborValue, decodeCbor, encodeCbor } from '../../base/cbor/index.ts';
import { isWireText, type MoteError, sentenceError } from '../../base/index.ts';
import type { MetricInfo } from '../link/index.ts';
import type { Metadata } from './metadata.ts';

const { metadataItems: MAX_ITEMS, maxExponent } = PackageConstant;
const MAX_UINT32 = 0xffffffff;
const MAX_FUEL = (1n << 63n) - 1n;

/** Encodes metadata. Throws `PKG_METADATA` for anything that `parseMetadata` would reject. */
export function encodeMetadata(metadata: Metadata): Uint8Array {
  const bytes = encodeCbor(
    new Map<CborKey, CborValue>([
      [MetadataKey.format, PackageConstant.format],
      [MetadataKey.name, metadata.name],
      [MetadataKey.version, metadata.version],
      [MetadataKey.abi, metadata.abi],
      [MetadataKey.memoryBytes, metadata.memoryBytes],
      [MetadataKey.sensors, metadata.sensors],
      [MetadataKey.metrics, metadata.metrics.map(({ name, unit, exponent }) => [name, unit, exponent])],
      [MetadataKey.commands, metadata.commands],
      [MetadataKey.models, metadata.models.map(({ name, sha256 }) => [name, sha256])],
      [MetadataKey.fuel, metadata.fuel],
      [MetadataKey.trialMs, metadata.trialMs],
      [MetadataKey.product, metadata.product],
      [MetadataKey.node, metadata.node],
      [MetadataKey.group, metadata.group],
      [MetadataKey.maxStep, metadata.maxStep],
    ]),
  );
  parseMetadata(bytes);
  return bytes;
}

/** Decodes metadata. Throws `CBOR`, `PKG_FORMAT` or `PKG_METADATA`. */
export function parseMetadata(bytes: Uint8Array): Metadata {
  const map = decodeCbor(bytes);
  if (!(map instanceof Map)) throw bad('it is no map');
  if (map.get(MetadataKey.format) !== PackageConstant.format) throw sentenceError('pkg_format');
  const known: readonly CborKey[] = Object.values(MetadataKey);
  for (const key of map.keys()) if (!known.includes(key)) throw bad(`key ${key} is unknown`);
  return {
    name: text(map.get(MetadataKey.name), 'the name'),
    version: text(map.get(MetadataKey.version), 'the version'),
    abi: uint(map.get(MetadataKey.abi), 'the ABI', MAX_UINT32),
    memoryBytes: uint(map.get(MetadataKey.memoryBytes), 'the memory', MAX_UINT32),
    sensors: list(map.get(MetadataKey.sensors), 'the sensors').map((item) => text(item, 'a sensor')),
    metrics: list(map.get(MetadataKey.metrics), 'the metrics').map(metric),
    commands: list(map.get(MetadataKey.commands), 'the commands').map((item) => text(item, 'a command')),
    models: list(map.get(MetadataKey.models), 'the models').map(model),
    fuel: fuel(map.get(MetadataKey.fuel)),
    trialMs: uint(map.get(MetadataKey.trialMs), 'the trial time', MAX_UINT32),
    product: optionalText(map.get(MetadataKey.product), 'the product'),
    node: optionalText(map.get(MetadataKey.node), 'the node'),
    group: optionalText(map.get(MetadataKey.group), 'the group'),
    maxStep: uint(map.get(MetadataKey.maxStep), 'the largest step of the sequence', MAX_UINT32),
  };
}

function bad(what: string): MoteError {
  return sentenceError('metadata', what, '');
}

/** A name of 1 to 64 bytes of text on the wire. */
function text(value: CborValue | undefined, what: string): string {
  if (typeof value !== 'string') throw bad(`${what} is no text`);
  const length = Buffer.byteLength(value);
  if (length < 1 || length > AbiLimit.name) throw bad(`${what} has ${length} bytes, not 1 to ${AbiLimit.name}`);
  if (!isWireText(value)) throw bad(`${what} has control characters or non-characters`);
  return value;
}

/** As `text`, or empty. */
function optionalText(value: CborValue | undefined, what: string): string {
  return value === '' ? '' : text(value, what);
}

function uint(value: CborValue | undefined, what: string, limit: number): number {
  if (typeof value !== 'number' || value < 0 || value > limit) throw bad(`${what} is no number of 0 to ${limit}`);
  return value;
}

function fuel(value: CborValue | undefined): bigint {
  if ((typeof value !== 'number' && typeof value !== 'bigint') || value < 0 || value > MAX_FUEL)
    throw bad('the fuel is no number of 0 to 2^63 - 1');
  return BigInt(value);
}

function list(value: CborValue | undefined, what: string): CborValue[] {
  if (!Array.isArray(value) || value.length > MAX_ITEMS) throw bad(`${what} are no list of up to ${MAX_ITEMS}`);
  return value;
}

function metric(value: CborValue): MetricInfo {
  if (!Array.isArray(value) || value.length !== 3) throw bad('a metric is no list of name, unit and exponent');
  const [name, unit, exponent] = value;
  if (typeof exponent !== 'number' || exponent < -maxExponent || exponent > maxExponent)
    throw bad(`a metric's exponent is no number of -${maxExponent} to ${maxExponent}`);
  // A dimensionless metric has an empty unit.
  return { name: text(name, 'a metric'), unit: optionalText(unit, 'a unit'), exponent };
}

function model(value: CborValue): { name: string; sha256: Uint8Array } {
  if (!Array.isArray(value) || value.length !== 2) throw bad('a model is no list of name and digest');
  const [name, sha256] = value;
  if (!(sha256 instanceof Uint8Array) || sha256.length !== MessageConstant.sha256Bytes)
    throw bad("a model's digest has not 32 bytes");
  return { name: text(name, 'a model'), sha256 };
}
