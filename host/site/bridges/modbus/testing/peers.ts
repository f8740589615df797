/** For tests: servers of pymodbus (PyPI) and of modbus-serial, and one that answers as a test wants. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { ServerTCP } from 'modbus-serial';
import { packagePath } from '../../../../base/index.ts';

const FIND = 'import importlib.util as u, sys; sys.exit(u.find_spec("pymodbus") is None)';

/** Why tests with pymodbus are skipped; null if it is installed. */
export const lackingPymodbus: string | null =
  spawnSync('python3', ['-c', FIND]).status === 0 ? null : 'needs pip install pymodbus==3.16.1';

export interface Peer {
  readonly port: number;
  close(): Promise<void>;
}

/** Resolves when it listens. */
export async function startPymodbus(port: number): Promise<Peer> {
  const path = packagePath('host', 'site', 'bridges', 'modbus', 'testing', 'server.py');
  const child = spawn('python3', [path, String(port)]);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  const ended = once(child, 'close');
  await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => Promise.reject(new Error(`pymodbus ended: ${errors}`))),
  ]);
  return {
    port,
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** modbus-serial's own server; `registers` are the holding registers, which a test may change. */
export async function startModbusSerial(registers: number[], port = 0): Promise<Peer & { reads: [number, number][] }> {
  const reads: [number, number][] = [];
  const server = new ServerTCP(
    {
      getMultipleHoldingRegisters: (address: number, length: number) => {
        reads.push([address, length]);
        return registers.slice(address, address + length);
      },
      getHoldingRegister: (address: number) => {
        reads.push([address, 1]);
        return registers[address] ?? 0;
      },
      getCoil: (address: number) => address % 3 === 0,
    },
    { host: '127.0.0.1', port, unitID: 0 },
  );
  await once(server, 'initialized');
  const { _server: inner } = server as unknown as { _server: ReturnType<typeof createServer> };
  return {
    port: (inner.address() as AddressInfo).port,
    reads,
    close: () =>
      new Promise((resolve) => {
        for (const socket of server.socks.keys()) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

export interface Request {
  readonly transaction: number;
  readonly unit: number;
  readonly code: number;
  readonly address: number;
  readonly count: number;
}

/** A server that answers each request as the test wants; null: not at all. */
export async function startRaw(answer: (request: Request, socket: Socket) => Buffer | null): Promise<Peer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (; rest.length >= 12; rest = rest.subarray(12)) {
        const [transaction, unit, code] = [rest.readUInt16BE(0), rest[6]!, rest[7]!];
        const [address, count] = [rest.readUInt16BE(8), rest.readUInt16BE(10)];
        const bytes = answer({ transaction, unit, code, address, count }, socket);
        if (bytes !== null) socket.write(bytes);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A whole answer: header, unit, function code and what stands behind it. */
export function frame({ transaction, unit, code }: Pick<Request, 'transaction' | 'unit' | 'code'>, ...data: number[]) {
  const bytes = Buffer.from([0, 0, 0, 0, 0, 2 + data.length, unit, code, ...data]);
  bytes.writeUInt16BE(transaction, 0);
  return bytes;
}

/** The right answer: each register holds its address. */
export function registersOf({ address, count }: Request): number[] {
  return [2 * count, ...Array.from({ length: count }, (_, i) => [(address + i) >> 8, (address + i) & 255]).flat()];
}
