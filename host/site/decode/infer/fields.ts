/** From leaves to the fields of a description. */
import type { RawMessage } from '../../model/index.ts';
import { unitOf } from '../../units/index.ts';
import type { Numeric } from '../decimal.ts';
import type { Field, Place, RecordOptions } from '../description.ts';
import { jsonBody } from '../event.ts';
import { numericOf, type RecordFormat } from '../records.ts';
import { exponentOf, type Leaf, leafNames, plainName, present } from './leaves.ts';
import { SERIES_NAMES, splitUnit, UNIT_NAMES, VALUE_NAMES } from './names.ts';
import { findDevice, findTime, rank, topicDevice } from './places.ts';

/** A place that became no field. */
export interface Ignored {
  readonly at: string;
  readonly reason: 'text' | 'array' | 'null';
  readonly examples: readonly string[];
}

export interface FoundRecords {
  readonly options: RecordOptions;
  readonly ignored: readonly Ignored[];
}

const SWITCH = /^(?:true|false|on|off|yes|no)$/i;

/** The options of records with these leaves; null if no leaf holds numbers. */
export function findRecords(
  leaves: readonly Leaf[],
  messages: readonly RawMessage[],
  format: RecordFormat,
): FoundRecords | null {
  const time = findTime(leaves);
  const taken = new Set<Leaf>(time?.leaves);
  const values = leaves.filter((leaf) => !leaf.root && !taken.has(leaf));
  const isScalar = values.length === 1 && values[0]!.path.length === 0;
  const naming = isScalar ? undefined : findNaming(values, format);
  for (const leaf of naming?.leaves ?? []) taken.add(leaf);
  const device = findDevice(leaves, taken);
  if (device !== undefined) taken.add(device);
  const fields: Field[] = [];
  const ignored: Ignored[] = [];
  for (const leaf of values) {
    if ((taken.has(leaf) && leaf !== naming?.value) || (leaf.path.length === 0 && !isScalar)) continue;
    const type = kindOf(leaf, format);
    if (type === 'number' || type === 'boolean')
      fields.push(fieldOf(leaf, type, values, isScalar, naming, format, taken));
    else ignored.push({ at: leaf.at, reason: type, examples: examplesOf(leaf) });
  }
  if (fields.length === 0) return null;
  // The unit beside a value is known only when all fields are.
  const others = ignored.filter(({ at }) => !values.some((leaf) => taken.has(leaf) && leaf.at === at));
  const place: Place =
    device === undefined ? topicDevice(messages, isScalar) : device.root ? { root: device.at } : { at: device.at };
  return {
    options: { device: place, ...(time && { time: time.time }), fields: distinctNames(fields, values) },
    ignored: others,
  };
}

/** Records that name their series: which leaf holds the name, the value, the unit. */
interface Naming {
  readonly value: Leaf;
  readonly name: Leaf;
  readonly unit: Leaf | undefined;
  readonly leaves: readonly Leaf[];
}

function findNaming(leaves: readonly Leaf[], format: RecordFormat): Naming | undefined {
  const best = (names: readonly string[], fits: (leaf: Leaf) => boolean) =>
    leaves
      .filter((leaf) => leaf.path.length > 0 && names.includes(plainName(leaf.path.at(-1)!)) && fits(leaf))
      .sort((a, b) => rank(a, names) - rank(b, names))[0];
  const isText = (leaf: Leaf) =>
    present(leaf).every((v) => typeof v === 'string' && v !== '') && present(leaf).length > 0;
  const value = best(
    VALUE_NAMES,
    (leaf) => leaf.path.length === 1 && ['number', 'boolean'].includes(kindOf(leaf, format)),
  );
  if (value === undefined) return undefined;
  const isName = (leaf: Leaf) => leaf.path.length === 1 && isText(leaf) && leaf.values.length === value.values.length;
  const name = best(SERIES_NAMES, (leaf) => isName(leaf) && kindOf(leaf, format) === 'text');
  if (name === undefined) return undefined;
  const unit = best(UNIT_NAMES, (leaf) => leaf.path.length === 1 && leaf !== name && isText(leaf));
  return { value, name, unit, leaves: unit === undefined ? [value, name] : [value, name, unit] };
}

function kindOf(leaf: Leaf, format: RecordFormat): 'number' | 'boolean' | 'text' | 'array' | 'null' {
  const values = present(leaf);
  if (values.length === 0) return 'null';
  if (values.every((v) => typeof v === 'boolean' || (typeof v === 'string' && SWITCH.test(v)))) return 'boolean';
  if (values.some((v) => Array.isArray(v))) return 'array';
  const kinds = values.map((value) => numericOf(value, false, format));
  const numbers = kinds.filter((kind) => typeof kind !== 'string').length;
  // A few words among numbers, such as `n/a`, are counted when they are decoded.
  return numbers >= 0.9 * values.length ? 'number' : 'text';
}

function examplesOf(leaf: Leaf): string[] {
  const texts = present(leaf).slice(0, 100).map(exampleOf);
  return [...new Set(texts)].sort().slice(0, 3);
}

function exampleOf(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, 64);
  const body = jsonBody(value);
  return body === undefined ? '(large)' : JSON.stringify(body).slice(0, 64);
}

function fieldOf(
  leaf: Leaf,
  type: 'number' | 'boolean',
  all: readonly Leaf[],
  isScalar: boolean,
  naming: Naming | undefined,
  format: RecordFormat,
  taken: Set<Leaf>,
): Field {
  const numbers = leaf.values
    .map((value) => numericOf(value, false, format))
    .filter((v): v is Numeric => typeof v !== 'string');
  const size = type === 'boolean' ? ({ exponent: 0, type } as const) : { exponent: exponentOf(numbers) };
  if (isScalar) return { at: '', name: { topic: -1 }, ...size };
  if (naming?.value === leaf) {
    const unit: Place | undefined = naming.unit && { at: naming.unit.at };
    return { at: leaf.at, name: { at: naming.name.at }, ...(unit !== undefined && { unit }), ...size };
  }
  const isValue = leaf.path.length > 1 && VALUE_NAMES.includes(plainName(leaf.path.at(-1)!));
  const { name, unit } = splitUnit((isValue ? leaf.path.slice(0, -1) : leaf.path).join('/'));
  const beside = unit === '' ? unitBeside(leaf, all, isValue) : undefined;
  if (beside !== undefined) taken.add(beside);
  const place: Place = beside === undefined ? unit : { at: beside.at };
  return { at: leaf.at, name, ...(place !== '' && { unit: place }), ...size };
}

/** The leaf with the unit of a value: beside it, or named after it, such as `flow_unit`. */
function unitBeside(leaf: Leaf, all: readonly Leaf[], isValue: boolean): Leaf | undefined {
  const parent = leaf.path.slice(0, -1).join('/');
  const siblings = all.filter(
    (other) => other !== leaf && other.path.slice(0, -1).join('/') === parent && isUnit(other),
  );
  const own = plainName(leaf.path.at(-1) ?? '');
  const named = siblings.find((other) => UNIT_NAMES.some((unit) => plainName(other.path.at(-1) ?? '') === own + unit));
  if (named !== undefined) return named;
  return isValue ? siblings.find((other) => UNIT_NAMES.includes(leafNames(other)[0]!)) : undefined;
}

function isUnit(leaf: Leaf): boolean {
  const values = present(leaf);
  return values.length > 0 && values.every((value) => typeof value === 'string' && unitOf(value) !== '');
}

/** Two fields that would get one name keep the names of their places. */
function distinctNames(fields: readonly Field[], leaves: readonly Leaf[]): Field[] {
  const count = new Map<Place, number>();
  for (const { name } of fields) if (typeof name === 'string') count.set(name, (count.get(name) ?? 0) + 1);
  return fields.map((field) => {
    if (typeof field.name !== 'string' || count.get(field.name) === 1) return field;
    return { ...field, name: leaves.find((leaf) => leaf.at === field.at)!.path.join('/') };
  });
}
