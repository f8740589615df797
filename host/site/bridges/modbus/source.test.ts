/** Connections that poll servers of pymodbus and modbus-serial, and what a hostile device can do to them. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { packagePath, systemClock } from '../../../base/index.ts';
import { titled } from '../../../base/needs.ts';
import { freePort } from '../../../messaging/mqtt/testing.ts';
import type { ModbusConnectionConfig } from '../../config/index.ts';
import { modbusDecoders, parseModbusMapping } from '../../config/index.ts';
import { createDecoder, DecoderFold } from '../../decode/index.ts';
import { FAILURES, type FailureReason } from './connect.ts';
import { ModbusSource } from './source.ts';
import {
  frame,
  lackingPymodbus,
  type Peer,
  type Request,
  registersOf,
  startModbusSerial,
  startPymodbus,
  startRaw,
} from './testing/peers.ts';

const HANG = { timeout: 30_000 };
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
function opened<T extends { close(): Promise<void> }>(one: T): T {
  ends.push(() => one.close());
  return one;
}

interface Started {
  readonly source: ModbusSource;
  /** `name value` of each point and event, in the order in which they came. */
  readonly got: string[];
  readonly problems: string[];
}

function start(port: number, registers: object[], more: Partial<ModbusConnectionConfig> = {}): Started {
  const mapping = parseModbusMapping(JSON.stringify({ registers }), 'm.yaml', { pollMs: 20 });
  const config: ModbusConnectionConfig = {
    ...{ name: 'm', host: '127.0.0.1', port, registers: mapping },
    ...{ timeoutMs: 100, maxRegisters: 125, maxGap: 8, refreshMs: 3_600_000, ...more },
  };
  const fold = new DecoderFold(createDecoder(modbusDecoders({ connections: [config] })[0]!.decoder));
  const [got, problems]: [string[], string[]] = [[], []];
  const take = async (topic: string, payload: Uint8Array) => {
    const receivedUs = Date.now() * 1000;
    const { runs, events, counts } = fold.decode({
      id: 1,
      receivedUs,
      source: 'modbus',
      topic,
      properties: {},
      payload,
    });
    expect(counts).toEqual({});
    for (const { name, values, exponent } of runs) got.push(`${name} ${values[0]}e${exponent}`);
    for (const { name, body } of events) got.push(`${name} ${body}`);
  };
  const onProblem = ({ message }: Error) => problems.push(message);
  return { source: opened(new ModbusSource(config, { clock: systemClock, take, onProblem })), got, problems };
}
const row = (address: number, name: string, more: object = {}) => ({ address, device: 'm', name, ...more });
const failed = ({ source }: Started, reason: FailureReason) => source.status.failed[reason] ?? 0;
const until = (condition: () => boolean) => expect.poll(condition, HANG).toBe(true);

describe.skipIf(lackingPymodbus !== null)(titled('a connection to pymodbus', lackingPymodbus), () => {
  it('reads each type from each table, over gaps that the device refuses and after a restart', async () => {
    const port = await freePort();
    const first = await startPymodbus(port);
    ends.push(() => first.close());
    const started = start(port, [
      row(0, 'scaled', { scale: 0.1 }),
      row(1, 'int16', { type: 'int16' }),
      row(10, 'int32', { type: 'int32' }),
      row(12, 'float32', { type: 'float32', exponent: -2 }),
      row(20, 'text', { type: 'string', length: 3 }),
      row(30, 'int64', { type: 'int64' }),
      row(34, 'float64', { type: 'float64', exponent: -1 }),
      row(123, 'input', { table: 'input' }),
      row(3, 'coil', { table: 'coil' }),
      row(6, 'discrete', { table: 'discrete' }),
      row(0, 'second', { unitId: 2 }),
      row(500, 'missing'),
    ]);
    const expected = [
      ...['coil 1e0', 'discrete 0e0', 'float32 2153e-2', 'float64 1e-1', 'input 1123e0', 'int16 -200e0'],
      ...['int32 -123456e0', 'int64 9007199254740993e0', 'scaled 215e-1', 'second 7e0', 'text Pump 7'],
    ];
    const seen = () => [...new Set(started.got)].sort();
    await expect.poll(seen, HANG).toEqual(expected);
    // The text is an event, which happened once. The register that doesn't exist is reported, once.
    expect(started.got.filter((one) => one.startsWith('text'))).toHaveLength(1);
    await until(() => started.problems.length > 0);
    expect(started.problems).toEqual([
      `modbus m: 127.0.0.1:${port}, unit 1, holding 500: exception 2: the device has no such register`,
    ]);
    await first.close();
    await until(() => !started.source.status.online);
    opened(await startPymodbus(port));
    const before = started.got.length;
    await until(() => started.got.length > before);
    expect([seen(), started.source.status.online]).toEqual([expected, true]);
  });
});

describe("a connection to modbus-serial's server", () => {
  it('stores values that differ by more than their deadband from the last stored one', async () => {
    const registers = [100, 50];
    const peer = opened(await startModbusSerial(registers));
    const { got, source } = start(peer.port, [
      row(0, 'banded', { scale: 0.1, deadband: '0.2' }),
      row(1, 'equal', { deadband: 0 }),
    ]);
    /** Resolves when registers that were changed now have been read. */
    const polled = async () => {
      const { requests } = source.status;
      await until(() => source.status.requests > requests + 1);
    };
    await until(() => got.length === 2);
    for (const value of [101, 102, 101]) {
      registers[0] = value;
      await polled();
    }
    expect(got.slice(2)).toEqual([]);
    registers.splice(0, 2, 103, 51);
    await until(() => got.length === 4);
    registers[0] = 101;
    await polled();
    expect(got).toEqual(['banded 100e-1', 'equal 50e0', 'banded 103e-1', 'equal 51e0']);
  });

  it('reads what it can in one request', async () => {
    const peer = opened(await startModbusSerial(Array.from({ length: 200 }, (_, i) => i)));
    const { got } = start(peer.port, [row(0, 'a'), row(7, 'b', { type: 'uint32' }), row(150, 'c')]);
    await until(() => got.length >= 3);
    expect(peer.reads.slice(0, 2)).toEqual([
      [0, 9],
      [150, 1],
    ]);
    expect(got.slice(0, 3)).toEqual(['a 0e0', 'b 458760e0', 'c 150e0']);
  });
});

it('counts reasons that the page lists', () => {
  const page = readFileSync(packagePath('docs', 'modbus.md'), 'utf8');
  const rows = page.slice(page.lastIndexOf('| reason |')).matchAll(/^\| `(\w+)` \| (.*) \|$/gm);
  expect([...rows].map(([, reason, meaning]) => [reason, meaning])).toEqual(Object.entries(FAILURES));
});

describe('a hostile device', () => {
  const good = (request: Request) => frame(request, ...registersOf(request));
  const ROWS: [string, FailureReason, (request: Request) => Buffer | null][] = [
    ['is silent', 'timeout', () => null],
    ['answers another request', 'timeout', (request) => good({ ...request, transaction: request.transaction ^ 128 })],
    ['stops in its answer', 'timeout', (request) => good(request).subarray(0, 9)],
    ['speaks another protocol', 'timeout', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['sends too little', 'malformed', (request) => frame(request, 2, 0)],
    ['sends too much', 'malformed', (request) => frame(request, ...registersOf({ ...request, count: 99 }))],
    ['sends nothing but a header', 'malformed', (request) => Buffer.from([0, request.transaction, 0, 0, 0, 0, 1])],
    ['states another count of bytes', 'malformed', (request) => frame(request, 8, 0, 1)],
    ['answers of another unit', 'malformed', (request) => good({ ...request, unit: 9 })],
    ['answers with another function', 'malformed', (request) => good({ ...request, code: 4 })],
    ['has failed', 'device_failure', (request) => frame({ ...request, code: 0x83 }, 4)],
    ['has an exception of its own', 'exception', (request) => frame({ ...request, code: 0x83 }, 99)],
    ['has a gateway without it', 'gateway_target', (request) => frame({ ...request, code: 0x83 }, 11)],
  ];

  it.each(ROWS)('that %s is counted under %s, and delays no other', async (_what, reason, answer) => {
    const hostile = opened(await startRaw(answer));
    const other = opened(await startModbusSerial([7]));
    const bad = start(hostile.port, [row(0, 'bad')]);
    const fine = start(other.port, [row(0, 'good')]);
    await until(() => failed(bad, reason) > 0);
    const before = fine.got.length;
    await until(() => fine.got.length > before + 3);
    expect([bad.got, fine.source.status.failed, fine.problems]).toEqual([[], {}, []]);
    expect(bad.problems.length).toBeGreaterThan(0);
  });

  it('that ends each connection at a request is counted, and asked again later and later', async () => {
    const hostile = opened(
      await startRaw((_request, socket) => {
        socket.destroy();
        return null;
      }),
    );
    const started = start(hostile.port, [row(0, 'bad')]);
    await until(() => failed(started, 'closed') > 1);
    expect(started.problems).toHaveLength(1);
  });

  it('that answers late or twice gets no value under a wrong address', async () => {
    let late: Buffer | null = null;
    const hostile = opened(
      await startRaw((request) => {
        // Each third request is answered with the next one, which is answered twice.
        if (request.transaction % 3 === 0) {
          late = good(request);
          return null;
        }
        const bytes = Buffer.concat([late ?? Buffer.alloc(0), good(request), good(request)]);
        late = null;
        return bytes;
      }),
    );
    const started = start(hostile.port, [row(10, 'a', { unitId: 1 }), row(30, 'b', { unitId: 2 })]);
    await until(() => failed(started, 'timeout') > 0);
    const before = started.got.length;
    await until(() => started.got.length > before + 5);
    expect([...new Set(started.got)].sort()).toEqual(['a 10e0', 'b 30e0']);
  });

  it('behind a gateway is asked less often, so the others go on', async () => {
    const asked: number[] = [];
    const gateway: Peer = opened(
      await startRaw((request) => {
        asked.push(request.unit);
        return request.unit === 1 ? null : good(request);
      }),
    );
    const started = start(gateway.port, [row(5, 'away', { unitId: 1 }), row(6, 'here', { unitId: 2 })]);
    await until(() => started.got.length > 30);
    expect(started.source.status).toMatchObject({ online: true, away: [1] });
    expect(asked.filter((unit) => unit === 1).length).toBeLessThan(4);
    expect(started.problems).toHaveLength(1);
  });
});
