/**
 * What the Modbus connections of a site write (docs/modbus.md): registers as the device sent them, which a mapping gives
 * type, order and scale. So a mapping that was wrong is corrected over the whole history.
 */
import { isObject } from '../../base/index.ts';
import { unitOf } from '../units/index.ts';
import { addDecimals, type Decimal, type Numeric, parseDecimal, shortestFloat32, toDecimal } from './decimal.ts';
import { type Decoder, stateless } from './decoder.ts';
import { type Description, type ModbusRegister, modbusCount, timeBounds } from './description.ts';
import { parseJson } from './json-text.ts';
import { DEFAULT_EXPONENT } from './limits.ts';
import type { Collector, Reason } from './result.ts';
import { textUs } from './time.ts';
import { decodeUtf8 } from './utf8.ts';

const HEX = /^(?:[0-9a-f]{2}){1,250}$/;

/** The name of a place in a message: `UNIT/TABLE/ADDRESS/COUNT`, of a string with `/text` behind it. */
export function modbusPlace(
  register: Pick<ModbusRegister, 'unitId' | 'table' | 'address' | 'type' | 'length'>,
): string {
  const { unitId, table, address, type } = register;
  return `${unitId}/${table}/${address}/${modbusCount(register)}${type === 'string' ? '/text' : ''}`;
}

export function modbusDecoder(description: Extract<Description, { kind: 'modbus' }>): Decoder<never> {
  const { options } = description;
  const known = new Map<string, ModbusRegister[]>();
  for (const register of options.registers) {
    const place = modbusPlace(register);
    known.set(place, [...(known.get(place) ?? []), { ...register, unit: unitOf(register.unit ?? '') }]);
  }
  return stateless(description, timeBounds(options), ({ payload }, collector) => {
    const document = parseJson(payload)?.value;
    const list = isObject(document) ? document.values : undefined;
    if (!isObject(document) || typeof document.time !== 'string' || !Array.isArray(list))
      return collector.refuse('malformed');
    const timeUs = textUs(document.time, 'rfc3339', 0);
    for (const item of list) {
      const { register: place, data } = isObject(item) ? item : {};
      if (typeof place !== 'string' || typeof data !== 'string' || !HEX.test(data)) collector.refuse('malformed');
      else {
        const registers = known.get(place);
        // A register that the mapping no longer has, or not yet.
        if (registers === undefined) collector.refuse('no_match');
        else for (const register of registers) add(register, Buffer.from(data, 'hex'), timeUs, collector);
      }
    }
  });
}

function add(register: ModbusRegister, data: Uint8Array, timeUs: number, collector: Collector): void {
  const { device, name, unit = '' } = register;
  const value = modbusValue(register, data);
  if (value === null) collector.refuse('malformed');
  else if (typeof value === 'string') collector.event(device, name, timeUs, value);
  else if (value instanceof Error) collector.refuse(value.message as Reason);
  else collector.point(device, name, unit, exponentOf(register), 0, timeUs, value);
}

/** That of the description, or the one at which every value of an integer is exact. */
function exponentOf({ exponent, type, scale, offset }: ModbusRegister): number {
  if (exponent !== undefined) return exponent;
  if (type === 'bit') return 0;
  if (type === 'float32' || type === 'float64') return DEFAULT_EXPONENT;
  const finest = Math.min(decimal(scale, 1).exponent, decimal(offset, 0).exponent);
  return Math.max(-18, Math.min(0, finest));
}

const decimal = (given: number | string | undefined, fallback: number): Decimal =>
  typeof given === 'string' ? parseDecimal(given)! : toDecimal(given ?? fallback)!;

const NOT_A_NUMBER = new Error('not_a_number' satisfies Reason);
const OUT_OF_RANGE = new Error('out_of_range' satisfies Reason);

/** The value of a register; a text of a string, an error with the reason if it is none, null if the data has another length. */
export function modbusValue(register: ModbusRegister, data: Uint8Array): Numeric | string | Error | null {
  const { table, type, bit = 0, scale, offset } = register;
  if (table === 'coil' || table === 'discrete') return data.length === 1 ? data[0]! & 1 : null;
  if (data.length !== 2 * modbusCount(register)) return null;
  const bytes = ordered(register, data);
  if (type === 'string') return textOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const plain = numberOf(view, type, bit);
  if (scale === undefined && offset === undefined) return plain;
  const exact = toDecimal(plain);
  if (exact === null) return NOT_A_NUMBER;
  const factor = decimal(scale, 1);
  const product = { digits: exact.digits * factor.digits, exponent: exact.exponent + factor.exponent };
  return addDecimals(product, decimal(offset, 0)) ?? OUT_OF_RANGE;
}

/** Whether two values of a register are further apart than its deadband, or one of them is no number. */
export function modbusDiffers(register: ModbusRegister, a: Uint8Array, b: Uint8Array, deadband: number | string) {
  const [before, now] = [exactly(modbusValue(register, a)), exactly(modbusValue(register, b))];
  if (before === null || now === null) return true;
  const distance = addDecimals(now, { ...before, digits: -before.digits });
  const band = decimal(deadband, 0);
  const beyond = distance && addDecimals(absolute(distance), { ...band, digits: -band.digits });
  return beyond === null || beyond.digits > 0n;
}

const absolute = ({ digits, exponent }: Decimal): Decimal => ({ digits: digits < 0n ? -digits : digits, exponent });

function exactly(value: ReturnType<typeof modbusValue>): Decimal | null {
  return value === null || typeof value === 'string' || value instanceof Error ? null : toDecimal(value);
}

/** With the most significant byte first; a copy. */
function ordered({ type, byteOrder, wordOrder }: ModbusRegister, data: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(data);
  if (byteOrder === 'little')
    for (let i = 0; i + 1 < bytes.length; i += 2) [bytes[i], bytes[i + 1]] = [bytes[i + 1]!, bytes[i]!];
  if (wordOrder !== 'little' || type === 'string') return bytes;
  const words = Uint8Array.from(bytes);
  for (let i = 0; i < bytes.length; i += 2) words.set(bytes.subarray(i, i + 2), bytes.length - 2 - i);
  return words;
}

function numberOf(view: DataView, type: Exclude<ModbusRegister['type'], 'string'>, bit: number): number | bigint {
  switch (type) {
    case 'bit':
      return (view.getUint16(0) >> bit) & 1;
    case 'int16':
      return view.getInt16(0);
    case 'uint16':
      return view.getUint16(0);
    case 'int32':
      return view.getInt32(0);
    case 'uint32':
      return view.getUint32(0);
    case 'int64':
      return view.getBigInt64(0);
    case 'uint64':
      return view.getBigUint64(0);
    case 'float32':
      return shortestFloat32(view.getFloat32(0));
    case 'float64':
      return view.getFloat64(0);
  }
}

/** What stands before the first zero, without blanks at the end. Devices write UTF-8 or Latin-1. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const part = end < 0 ? bytes : bytes.subarray(0, end);
  return (decodeUtf8(part) ?? Buffer.from(part).toString('latin1')).trimEnd();
}
