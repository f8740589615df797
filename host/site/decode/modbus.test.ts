import { describe, expect, it } from 'vitest';
import type { ModbusRegister } from './description.ts';
import { decodeAll, json, lines } from './testing.ts';

const time = '2026-09-21T14:13:20.000Z';
type Given = Partial<ModbusRegister> & Pick<ModbusRegister, 'type'>;

function decode(register: Given, data: string) {
  const whole: ModbusRegister = { unitId: 1, table: 'holding', address: 4, device: 'm', name: 'v', ...register };
  const count = data.length <= 2 ? 1 : data.length / 4;
  const values = [{ register: `1/${whole.table}/4/${count}${register.type === 'string' ? '/text' : ''}`, data }];
  return decodeAll({ kind: 'modbus', version: 1, options: { registers: [whole] } }, json('modbus/m', { time, values }));
}

describe('registers of Modbus', () => {
  // Orders as manuals write them: ABCD, CDAB (words swapped), BADC (bytes swapped), DCBA.
  it.each<[Given, string, string]>([
    [{ type: 'uint16' }, 'ffff', '65535'],
    [{ type: 'int16' }, 'ff38', '-200'],
    [{ type: 'int16', byteOrder: 'little' }, '38ff', '-200'],
    [{ type: 'uint32' }, 'fffffffe', '4294967294'],
    [{ type: 'int32' }, 'fffffffe', '-2'],
    [{ type: 'int32', wordOrder: 'little' }, 'fffeffff', '-2'],
    [{ type: 'uint64' }, '0020000000000001', '9007199254740993'],
    [{ type: 'int64', wordOrder: 'little' }, 'fffeffffffffffff', '-2'],
    [{ type: 'float32', exponent: -2 }, '41ac3d71', '2153e-2'],
    [{ type: 'float32', exponent: -2, wordOrder: 'little' }, '3d7141ac', '2153e-2'],
    [{ type: 'float32', exponent: -2, byteOrder: 'little' }, 'ac41713d', '2153e-2'],
    [{ type: 'float32', exponent: -2, byteOrder: 'little', wordOrder: 'little' }, '713dac41', '2153e-2'],
    [{ type: 'float64' }, '40358a3d70a3d70a', '21540000e-6'],
    [{ type: 'bit', bit: 0 }, '0001', '1'],
    [{ type: 'bit', bit: 15 }, '7fff', '0'],
    [{ type: 'bit', table: 'coil' }, '01', '1'],
    [{ type: 'uint16', scale: 0.1 }, '00d7', '215e-1'],
    [{ type: 'uint16', scale: '0.01', offset: -40 }, '1000', '96e-2'],
    [{ type: 'uint16', scale: 10 }, '0007', '70'],
    [{ type: 'int16', scale: '1e-3', exponent: 0 }, '0bb8', '3'],
    // As doubles, 3 x 0.1 + 0.2 is 0.5000000000000001.
    [{ type: 'uint16', scale: 0.1, offset: 0.2 }, '0003', '5e-1'],
  ])('%o of %s is %s', (register, data, expected) => {
    const { runs, counts } = decode(register, data);
    expect([lines(runs), counts]).toEqual([[`m v ${expected} @0`], {}]);
  });

  it.each<[Given, string, string]>([
    [{ type: 'string', length: 4 }, '50756d7020370000', 'Pump 7'],
    [{ type: 'string', length: 2, byteOrder: 'little' }, '754d206d', 'Mum'],
    [{ type: 'string', length: 2 }, '475c6c6e', 'G\\ln'],
    [{ type: 'string', length: 1 }, 'fc20', 'ü'],
  ])('%o of %s is the text %s as an event', (register, data, body) => {
    const { events, counts } = decode({ ...register, wordOrder: 'little' }, data);
    expect([events, counts]).toMatchObject([[{ device: 'm', name: 'v', body }], {}]);
  });

  it.each<[string, Given, string, string]>([
    ['NaN', { type: 'float32' }, '7fc00000', 'not_a_number'],
    ['NaN with a scale', { type: 'float32', scale: 2 }, '7fc00000', 'not_a_number'],
    ['more than 64 bits', { type: 'uint64' }, 'ffffffffffffffff', 'out_of_range'],
    ['an address that is not mapped', { type: 'uint16' }, '00000000', 'no_match'],
    ['data of half a register', { type: 'uint16' }, '00', 'malformed'],
    ['no hexadecimal data', { type: 'uint16' }, 'zz', 'malformed'],
  ])('gives no point for %s, which is counted', (_what, register, data, reason) => {
    const { runs, counts } = decode(register, data);
    expect([runs, counts]).toEqual([[], { [reason]: 1 }]);
  });

  it('makes several series of one register', () => {
    const of = (rest: Partial<ModbusRegister>) =>
      ({ unitId: 1, table: 'input', address: 9, device: 'm', type: 'bit', name: '', ...rest }) as ModbusRegister;
    const registers = [of({ name: 'run', bit: 0 }), of({ name: 'fault', bit: 3 }), of({ name: 'all', type: 'uint16' })];
    const values = [{ register: '1/input/9/1', data: '0009' }];
    const { runs } = decodeAll({ kind: 'modbus', version: 1, options: { registers } }, json('m', { time, values }));
    expect(lines(runs)).toEqual(['m run 1 @0', 'm fault 1 @0', 'm all 9 @0']);
  });

  it.each([
    [{ type: 'uint16', table: 'coil' }, 'the table coil has only the type bit'],
    [{ type: 'bit' }, 'needs bit'],
    [{ type: 'uint16', bit: 3 }, 'bit is only for'],
    [{ type: 'string' }, 'needs length'],
    [{ type: 'uint16', length: 2 }, 'needs length, and only that'],
    [{ type: 'uint32', address: 65_535 }, 'beyond the address 65535'],
    [{ type: 'uint16', scale: '1,5' }, 'pattern'],
  ])('refuses the register %o', (register, what) => {
    expect(() => decode(register as Given, '0000')).toThrow(what);
  });
});
