/** `mote site modbus`: registers of a device, to find out what a mapping needs. */
import type { Command } from 'commander';
import { MoteError } from '../../base/index.ts';
import { connect, RequestFailed, type Table } from '../../site/bridges/modbus/index.ts';
import { addCommand, choice, integer } from '../shared/command.ts';
import { siteConfig } from '../shared/site-parts.ts';
import { Exit, reportNo } from '../shared/terminal.ts';

const TABLES: readonly Table[] = ['holding', 'input', 'coil', 'discrete'];

interface ReadOptions {
  unitId: string;
  table: string;
  from: string;
  count: string;
  timeout: string;
}

interface Row {
  readonly address: number;
  readonly hex: string;
  readonly uint16: number;
  readonly int16: number;
  /** Of this register and the next one, in both orders of words; null at the end, and of what is no number. */
  readonly int32: number | null;
  readonly int32Swapped: number | null;
  readonly float32: number | null;
  readonly float32Swapped: number | null;
}

/** Each register, and what it would be together with the next one. */
function rowsOf(from: number, bytes: Uint8Array): Row[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 2 }, (_, i) => {
    const at = 2 * i;
    const pair = (read: (view: DataView) => number, swapped: boolean): number | null => {
      if (at + 4 > bytes.length) return null;
      const two = new DataView(new ArrayBuffer(4));
      two.setUint16(swapped ? 2 : 0, view.getUint16(at));
      two.setUint16(swapped ? 0 : 2, view.getUint16(at + 2));
      const value = read(two);
      return Number.isFinite(value) ? value : null;
    };
    return {
      address: from + i,
      hex: view.getUint16(at).toString(16).padStart(4, '0'),
      uint16: view.getUint16(at),
      int16: view.getInt16(at),
      int32: pair((two) => two.getInt32(0), false),
      int32Swapped: pair((two) => two.getInt32(0), true),
      float32: pair((two) => Number(two.getFloat32(0).toPrecision(7)), false),
      float32Swapped: pair((two) => Number(two.getFloat32(0).toPrecision(7)), true),
    };
  });
}

const COLUMNS = ['address', 'hex', 'uint16', 'int16', 'int32', 'int32Swapped', 'float32', 'float32Swapped'] as const;

function lineOf(cells: readonly (string | number | null)[]): string {
  return cells.map((cell, i) => String(cell ?? '-').padStart([7, 4, 6, 6, 11, 12, 13, 14][i]!)).join('  ');
}

export function registerModbus(site: Command): void {
  const modbus = site.command('modbus').description('Modbus TCP: registers of devices.');
  addCommand<[string], ReadOptions>(modbus, {
    usage: 'read <address>',
    description:
      'Reads registers or bits of a device once. Registers are shown as integers of 16 bits, and with the next one as integer and float of 32 bits in both orders of words, which shows the type that a mapping needs.',
    options: [
      ['--unit-id <number>', 'device behind the address', '1'],
      ['--table <table>', TABLES.join(', '), 'holding'],
      ['--from <address>', 'first address, from 0', '0'],
      ['--count <number>', 'registers or bits, at most 125 or 2000', '16'],
      ['--timeout <ms>', 'time for the answer', '2000'],
    ],
    examples: [
      'mote site modbus read 192.168.0.20',
      'mote site modbus read 192.168.0.20:502 --unit-id 3 --table input --from 100 --count 8 --json',
    ],
    failure: 'the device refuses the request or does not answer.',
    async run({ terminal, options, args: [address] }) {
      const { host, port } = (await siteConfig()).modbusAddress(address);
      const table = choice(options.table, 'table', TABLES);
      const ofBits = table === 'coil' || table === 'discrete';
      const unitId = integer(options.unitId, 'unit-id', 0, 255);
      const from = integer(options.from, 'from', 0, 65_535);
      const count = integer(options.count, 'count', 1, ofBits ? 2000 : 125);
      if (from + count > 65_536) throw new MoteError('USAGE', '--from and --count go beyond the address 65535.');
      try {
        const connection = await connect(host, port, integer(options.timeout, 'timeout', 20, 60_000));
        try {
          const bytes = await connection.read(unitId, table, from, count);
          const bits = ofBits ? [...bytes].map((value, i) => ({ address: from + i, value })) : null;
          const registers = ofBits ? null : rowsOf(from, bytes);
          terminal.data({ address: `${host}:${port}`, unitId, table, ...(bits ? { bits } : { registers }) });
          for (const bit of bits ?? []) terminal.line(`${String(bit.address).padStart(7)}  ${bit.value}`);
          if (registers !== null) {
            terminal.line(terminal.paint('dim', lineOf(COLUMNS)));
            for (const row of registers) terminal.line(lineOf(COLUMNS.map((name) => row[name])));
          }
          return Exit.ok;
        } finally {
          connection.close();
        }
      } catch (error) {
        if (error instanceof RequestFailed) return reportNo(error, terminal);
        throw error;
      }
    },
  });
}
