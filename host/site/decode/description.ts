/** Decoders as data: what decoded a point is known, can be stored and run again. Schema: docs/schemas/decoder.schema.json. */
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { MoteError, packagePath } from '../../base/index.ts';
import type { TimeBounds } from './result.ts';
import { offset, type TimeFormat, type TimeUnit, textUs } from './time.ts';

/**
 * Where a text stands: the text itself; levels of the topic, counted from 0, or from the end with -1, joined by `/`;
 * a place in the record, which is a JSON pointer, a column or a tag; or a JSON pointer into the whole document.
 */
export type Place = string | { readonly topic: number | readonly number[] } | { readonly at: string } | RootPlace;
export interface RootPlace {
  readonly root: string;
}

/** Which times are accepted, of every kind. */
export interface CommonOptions {
  /** RFC 3339. Default 2000-01-01T00:00:00Z; of moteware's own messages 2020-01-01T00:00:00Z. */
  readonly notBefore?: string;
  /** How far a time may be ahead of the time of receipt. Default 86,400. */
  readonly aheadSeconds?: number;
}

/** One series of each record. */
export interface Field {
  /** Where its value stands in a record: a JSON pointer, or a column. */
  readonly at: string;
  readonly name: Place;
  /** UCUM, or a common spelling of a unit, such as `°C`. Default: unknown. */
  readonly unit?: Place;
  /** The value is stored as an integer x 10^exponent. Default -6; 0 of a boolean. */
  readonly exponent?: number;
  /** Default `number`. An `event` is an event with the value as its body. */
  readonly type?: 'number' | 'boolean' | 'event';
}

/** Where the quality of a record stands, and which of its values mean what; 0 is good. Values that aren't listed are 1. */
export interface QualityPlace {
  readonly at: string;
  readonly values: { readonly [value: string]: number };
}

export interface TimePlace {
  /** In the record, or with `root` in the whole JSON document. Two columns with date and time of day are joined. */
  readonly at?: string | readonly [string, string];
  readonly root?: string;
  readonly format: TimeFormat;
  /** Offset of texts that have none, such as `+01:00`. Default UTC. */
  readonly zone?: string;
}

export interface RecordOptions extends CommonOptions {
  readonly device: Place;
  /** Default: the time of receipt. */
  readonly time?: TimePlace;
  readonly quality?: QualityPlace;
  readonly fields: readonly Field[];
}

export interface JsonOptions extends RecordOptions {
  /** JSON pointer to an array of records. Default: the document; what is no array is one record. */
  readonly records?: string;
}

export interface CsvOptions extends RecordOptions {
  /** Default `,`. */
  readonly delimiter?: ',' | ';' | '\t' | '|';
  /** Default `.`. */
  readonly decimal?: '.' | ',';
  /** Whether the first row names the columns. Default true; without, columns are named `0`, `1` and so on. */
  readonly header?: boolean;
}

/** What is known of a series whose format names it. */
export interface SeriesOption {
  /** The name that the decoder gives. */
  readonly name: string;
  /** In place of the unit in the message. */
  readonly unit?: string;
  readonly exponent?: number;
  /** True: a text of this name is an event. */
  readonly event?: boolean;
}

export interface NamedOptions extends CommonOptions {
  /** Of series that `series` doesn't list and whose type isn't an integer. Default -6. */
  readonly exponent?: number;
  readonly series?: readonly SeriesOption[];
}

export interface MoteOptions extends CommonOptions {
  /** Of the topics. Default `mote`. */
  readonly namespace?: string;
}

export interface SenmlOptions extends NamedOptions {
  /** `{"of": "name"}`: the part of the name before the last `/` or `:`, or a `urn:dev` (RFC 9039). */
  readonly device: Place | { readonly of: 'name' };
}

export interface SparkplugOptions extends NamedOptions {}

export interface LineOptions extends NamedOptions {
  /** `{"of": "measurement"}`: the measurement. `at` names a tag. */
  readonly device: Place | { readonly of: 'measurement' };
  /** Default `ns`. */
  readonly precision?: TimeUnit;
  /** Tags that are part of the names. Default: all but that of the device. */
  readonly tags?: readonly string[];
}

/** A variable of an OPC UA server, and the series that its values are. */
export interface OpcuaVariable {
  /** Its node id as the message has it: `nsu=URI;s=NAME`, or `ns=INDEX;...` if the index never changes. */
  readonly node: string;
  readonly device: string;
  readonly name: string;
  /** UCUM, or a common spelling of a unit. Default: unknown. */
  readonly unit?: string;
  /** Default -6; 0 of a boolean. */
  readonly exponent?: number;
  /** Default `number`. An `event` is an event with the value as its body. */
  readonly type?: 'number' | 'boolean' | 'event';
}

export interface OpcuaOptions extends CommonOptions {
  readonly variables: readonly OpcuaVariable[];
}

/** Registers of a Modbus device, and the series that they are. */
export interface ModbusRegister {
  readonly unitId: number;
  readonly table: 'coil' | 'discrete' | 'input' | 'holding';
  /** As in the protocol, from 0. */
  readonly address: number;
  /** The value of a table of bits is a `bit`; a `string` is an event. */
  readonly type:
    | 'bit'
    | 'int16'
    | 'uint16'
    | 'int32'
    | 'uint32'
    | 'int64'
    | 'uint64'
    | 'float32'
    | 'float64'
    | 'string';
  /** Of a register; 0 is the lowest. */
  readonly bit?: number;
  /** Registers of a string. */
  readonly length?: number;
  /** Of the bytes in a register, and of the registers of a value. Default `big`. */
  readonly byteOrder?: 'big' | 'little';
  readonly wordOrder?: 'big' | 'little';
  /** The value is that of the register x scale + offset, exact as decimals. */
  readonly scale?: number | string;
  readonly offset?: number | string;
  readonly device: string;
  readonly name: string;
  /** UCUM, or a common spelling of a unit. Default: unknown. */
  readonly unit?: string;
  /** Default: that of scale and offset; -6 of a float. */
  readonly exponent?: number;
}

export interface ModbusOptions extends CommonOptions {
  readonly registers: readonly ModbusRegister[];
}

interface Options {
  mote: MoteOptions;
  json: JsonOptions;
  senml: SenmlOptions;
  sparkplug: SparkplugOptions;
  'line-protocol': LineOptions;
  csv: CsvOptions;
  opcua: OpcuaOptions;
  modbus: ModbusOptions;
}
export type Kind = keyof Options;

/** `version` is that of the kind: a kind that decodes anything differently has another version. */
export type Description = {
  [K in Kind]: { readonly kind: K; readonly version: 1; readonly options: Options[K] };
}[Kind];

let compiled: ValidateFunction<Description> | undefined;

function bad(what: string): MoteError {
  return new MoteError('DECODER', `The description of a decoder is invalid: ${what}.`);
}

/** Checks a description from a file, a request or a store. Throws `DECODER` with the place and what is wrong there. */
export function parseDescription(value: unknown): Description {
  compiled ??= new Ajv({ discriminator: true, allowUnionTypes: true }).compile<Description>(
    JSON.parse(readFileSync(packagePath('docs', 'schemas', 'decoder.schema.json'), 'utf8')),
  );
  if (!compiled(value)) {
    const { instancePath, message, params } = compiled.errors![0]!;
    const extra = 'additionalProperty' in params ? ` (${params.additionalProperty})` : '';
    throw bad(`${instancePath || 'it'} ${message}${extra}`);
  }
  const { options } = value;
  if (options.notBefore !== undefined && Number.isNaN(textUs(options.notBefore, 'rfc3339', 0)))
    throw bad('/options/notBefore is no time of RFC 3339');
  if (value.kind === 'modbus') checkRegisters(value.options.registers);
  if ('time' in options) checkTime(options.time);
  if (value.kind === 'csv' && value.options.decimal === ',' && (value.options.delimiter ?? ',') === ',')
    throw bad('/options/decimal is the same as the delimiter');
  return value;
}

/** Registers of a type; a string has its own length. */
const REGISTERS = {
  bit: 1,
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  int64: 4,
  uint64: 4,
  float32: 2,
  float64: 4,
} as const;

/** How many registers, or bits of a table of bits, a value takes. */
export function modbusCount({ type, length }: Pick<ModbusRegister, 'type' | 'length'>): number {
  return type === 'string' ? length! : REGISTERS[type];
}

/** What the schema can't check of a register; null if nothing is wrong. */
export function registerFault({ table, address, type, bit, length }: ModbusRegister): string | null {
  const ofBits = table === 'coil' || table === 'discrete';
  if (ofBits && type !== 'bit') return `the table ${table} has only the type bit`;
  if (bit !== undefined && (ofBits || type !== 'bit')) return 'bit is only for the type bit of a register';
  if (bit === undefined && !ofBits && type === 'bit') return 'the type bit of a register needs bit, from 0 to 15';
  if ((type === 'string') !== (length !== undefined)) return 'the type string needs length, and only that';
  if (address + modbusCount({ type, ...(length !== undefined && { length }) }) > 65_536)
    return 'the value goes beyond the address 65535';
  return null;
}

function checkRegisters(registers: readonly ModbusRegister[]): void {
  for (const [i, register] of registers.entries()) {
    const fault = registerFault(register);
    if (fault !== null) throw bad(`/options/registers/${i}: ${fault}`);
  }
}

function checkTime(time: TimePlace | undefined): void {
  if (time === undefined) return;
  if ((time.at === undefined) === (time.root === undefined)) throw bad('/options/time needs either at or root');
  if (time.zone !== undefined && Number.isNaN(offset(time.zone))) throw bad('/options/time/zone is no offset');
}

const DEFAULT_EARLIEST = '2000-01-01T00:00:00Z';

export function timeBounds(options: CommonOptions, earliest = DEFAULT_EARLIEST): TimeBounds {
  return {
    earliestUs: textUs(options.notBefore ?? earliest, 'rfc3339', 0),
    aheadUs: Math.round((options.aheadSeconds ?? 86_400) * 1e6),
  };
}
