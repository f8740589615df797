/** The part `modbus` of a site's configuration, and the mapping files that it names. docs/modbus.md. */
import { resolve } from 'node:path';
import { MoteError, readInput } from '../../base/index.ts';
import { parseAddress } from '../../messaging/gateway/index.ts';
import { type ModbusRegister, registerFault } from '../decode/index.ts';
import { parseMappingFile } from './mapping.ts';
import type { At, Wrong } from './place.ts';

/** A register with how it is polled. */
export interface PolledRegister {
  readonly register: ModbusRegister;
  readonly pollMs: number;
  /** A value is stored if it differs by more from the last one that was; null: every value is. */
  readonly deadband: number | string | null;
}

export interface ModbusConnectionConfig {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly registers: readonly PolledRegister[];
  readonly timeoutMs: number;
  /** The most that one request asks for. */
  readonly maxRegisters: number;
  /** Registers that nobody wants between two that share a request. */
  readonly maxGap: number;
  /** With a deadband, a value is stored at the latest after this time. */
  readonly refreshMs: number;
}

export interface ModbusConfig {
  readonly connections: readonly ModbusConnectionConfig[];
}

/** What the file may leave out. */
export interface RawModbus {
  connections?: {
    name: string;
    address: string;
    mapping: string;
    unitId?: number;
    byteOrder?: 'big' | 'little';
    wordOrder?: 'big' | 'little';
    pollMs?: number;
    timeoutMs?: number;
    maxRegisters?: number;
    maxGap?: number;
    refreshMs?: number;
  }[];
}
type RawConnection = NonNullable<RawModbus['connections']>[number];

interface Mapping {
  registers: (Partial<ModbusRegister> & {
    address: number;
    device: string;
    name: string;
    pollMs?: number;
    deadband?: number | string;
  })[];
}

const DEFAULT_PORT = 502;

/** Completes and checks what the schema can't. `at` adds the place to the errors of `parse`. */
export function readModbus(raw: RawModbus | undefined, folder: string, at: At, wrong: Wrong): ModbusConfig {
  const names = new Set<string>();
  const connections = (raw?.connections ?? []).map((connection, i): ModbusConnectionConfig => {
    const keys = ['modbus', 'connections', String(i)];
    if (names.has(connection.name)) throw wrong([...keys, 'name'], 'is the name of an earlier connection');
    names.add(connection.name);
    const { name, timeoutMs = 1000, maxRegisters = 125, maxGap = 8, refreshMs = 900_000 } = connection;
    const { host, port } = at([...keys, 'address'], () => modbusAddress(connection.address));
    const registers = at([...keys, 'mapping'], () => {
      const path = resolve(folder, connection.mapping);
      return parseModbusMapping(Buffer.from(readInput(path, 'The mapping')).toString('utf8'), path, connection);
    });
    const long = registers.find(({ register: { length = 4 } }) => length > maxRegisters);
    if (long !== undefined) throw wrong(keys, `has registers that need maxRegisters to be more than ${maxRegisters}`);
    return { name, host, port, registers, timeoutMs, maxRegisters, maxGap, refreshMs };
  });
  return { connections };
}

/** `HOST`, `HOST:PORT` or `[IPV6]:PORT`; the port is 502 by default. Throws `USAGE`. */
export function modbusAddress(text: string): { host: string; port: number } {
  return parseAddress(/^(\[[^\]]+\]|[^:]+)$/.test(text) ? `${text}:${DEFAULT_PORT}` : text, 'address');
}

/** `path` is for errors. Throws `MODBUS_CONFIG`. */
export function parseModbusMapping(
  text: string,
  path: string,
  defaults: Pick<RawConnection, 'unitId' | 'byteOrder' | 'wordOrder' | 'pollMs'>,
): PolledRegister[] {
  const { registers } = parseMappingFile<Mapping>(text, path, 'modbus-mapping.schema.json', 'MODBUS_CONFIG');
  const { unitId = 1, byteOrder = 'big', wordOrder = 'big', pollMs: connectionMs = 1000 } = defaults;
  const seen = new Set<string>();
  return registers.map(({ pollMs = connectionMs, deadband = null, ...given }, i) => {
    const bad = (what: string) => new MoteError('MODBUS_CONFIG', `${path}: /registers/${i}: ${what}`);
    const { table = 'holding' } = given;
    const type = given.type ?? (table === 'coil' || table === 'discrete' ? 'bit' : 'uint16');
    const register: ModbusRegister = { unitId, byteOrder, wordOrder, ...given, table, type };
    const fault = registerFault(register);
    if (fault !== null) throw bad(fault);
    const series = JSON.stringify([register.device, register.name]);
    if (seen.has(series)) throw bad(`the series ${register.name} of ${register.device} is mapped twice`);
    seen.add(series);
    if (deadband !== null && type === 'string') throw bad('a string has no deadband: it is stored when it changes');
    if (deadband !== null && Number(deadband) < 0) throw bad('a deadband is 0 or more');
    return { register, pollMs, deadband };
  });
}

/** The decoder of each connection, whose messages have the topic `modbus/NAME`. */
export function modbusDecoders({ connections }: ModbusConfig) {
  return connections.map(({ name, registers }) => ({
    // A name of a user's decoder has no space.
    name: `modbus ${name}`,
    topics: [`modbus/${name}`],
    decoder: { kind: 'modbus', version: 1, options: { registers: registers.map(({ register }) => register) } },
  }));
}
