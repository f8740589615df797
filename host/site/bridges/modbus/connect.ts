/** A connection to a Modbus device or gateway: one request at a time, and each failure by its reason. */
import { MoteError } from '../../../base/index.ts';
import type { ModbusRegister } from '../../decode/index.ts';
import { loadModbus, type ModbusClient } from './library.ts';

export type Table = ModbusRegister['table'];

/** Codes of exceptions (Modbus Application Protocol 1.1b3, section 7). */
const EXCEPTIONS: Readonly<Record<number, FailureReason>> = {
  1: 'illegal_function',
  2: 'illegal_address',
  3: 'illegal_value',
  4: 'device_failure',
  5: 'acknowledge',
  6: 'device_busy',
  8: 'memory_parity',
  10: 'gateway_path',
  11: 'gateway_target',
};

/** Why there was no answer with values, each with its meaning. A closed list, so that each can be a counter. */
export const FAILURES = {
  connect: "the connection can't be made",
  closed: 'the device ended the connection',
  timeout: 'no answer came in time',
  malformed: 'the answer is none to the request',
  illegal_function: 'exception 1: the device has no such table',
  illegal_address: 'exception 2: the device has no such register',
  illegal_value: 'exception 3: the device refuses the number of registers',
  device_failure: 'exception 4: the device has failed',
  acknowledge: 'exception 5: the device needs longer',
  device_busy: 'exception 6: the device is busy',
  memory_parity: 'exception 8: an error in the memory of the device',
  gateway_path: 'exception 10: the gateway has no way to the device',
  gateway_target: "exception 11: the device behind the gateway doesn't answer",
  exception: 'another exception',
} as const;
export type FailureReason = keyof typeof FAILURES;

/** A request without values. */
export class RequestFailed extends MoteError {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, what: string, cause?: unknown) {
    super('MODBUS_DEVICE', `${what}: ${FAILURES[reason]}`, { cause });
    this.reason = reason;
  }
}

export interface Connection {
  /**
   * Registers as bytes, as they came; bits as one byte each. Throws `RequestFailed`; after `closed` and `malformed` the
   * connection is of no use.
   */
  read(unitId: number, table: Table, address: number, count: number): Promise<Uint8Array>;
  close(): void;
}

const READ = {
  coil: (client: ModbusClient, address: number, count: number) => client.readCoils(address, count),
  discrete: (client: ModbusClient, address: number, count: number) => client.readDiscreteInputs(address, count),
  holding: (client: ModbusClient, address: number, count: number) => client.readHoldingRegisters(address, count),
  input: (client: ModbusClient, address: number, count: number) => client.readInputRegisters(address, count),
} as const;

const CONNECT_MS = 5000;

/** Throws `RequestFailed` with the reason `connect`. */
export async function connect(host: string, port: number, timeoutMs: number): Promise<Connection> {
  const client = new (await loadModbus())();
  const at = `${host}:${port}`;
  let ended: (error: RequestFailed) => void = () => {};
  // Nobody waits for it while there is no request.
  const end = new Promise<never>((_, reject) => {
    ended = reject;
  });
  end.catch(() => {});
  client.on('close', () => ended(new RequestFailed('closed', at)));
  client.on('error', (cause) => ended(new RequestFailed('closed', at, cause)));
  client.setTimeout(timeoutMs);
  await opened(client, host, port);
  return {
    async read(unitId, table, address, count) {
      const what = `${at}, unit ${unitId}, ${table} ${address}`;
      client.setID(unitId);
      const answer = READ[table](client, address, count);
      // If the connection ends first, nobody waits for it.
      answer.catch(() => {});
      let bytes: Uint8Array;
      try {
        const { data, buffer } = await Promise.race([answer, end]);
        bytes = typeof data[0] === 'boolean' ? bitsOf(data as boolean[], count) : new Uint8Array(buffer);
      } catch (cause) {
        if (cause instanceof RequestFailed) throw new RequestFailed(cause.reason, what, cause.cause);
        throw new RequestFailed(reasonOf(cause), what, cause);
      }
      const bits = table === 'coil' || table === 'discrete';
      if (bytes.length !== (bits ? count : 2 * count)) throw new RequestFailed('malformed', what);
      return bytes;
    },
    close() {
      // The library ends no request that waits.
      ended(new RequestFailed('closed', at));
      client.destroy(() => {});
    },
  };
}

function bitsOf(data: readonly boolean[], count: number): Uint8Array {
  return Uint8Array.from(data.slice(0, count), (bit) => (bit ? 1 : 0));
}

async function opened(client: ModbusClient, host: string, port: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no connection within ${CONNECT_MS} ms`)), CONNECT_MS);
  });
  try {
    await Promise.race([client.connectTCP(host, { port }), late]);
  } catch (cause) {
    client.destroy(() => {});
    const { message } = cause as Error;
    throw new RequestFailed('connect', `${host}:${port} (${message.slice(0, 200)})`, cause);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(cause: unknown): FailureReason {
  const { modbusCode, errno } = cause as { modbusCode?: number; errno?: unknown };
  if (modbusCode !== undefined) return EXCEPTIONS[modbusCode] ?? 'exception';
  if (errno === 'ETIMEDOUT') return 'timeout';
  return errno === 'ECONNREFUSED' ? 'closed' : 'malformed';
}
