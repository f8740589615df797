/** A client of asyncua uses the OPC UA server of a site, over all that a server meets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { titled } from '../../../../base/needs.ts';
import { freePort } from '../../../../messaging/mqtt/testing.ts';
import { event, online, telemetry } from '../../../../messaging/topics/examples.ts';
import { encodeEvent, encodeState, encodeTelemetry } from '../../../../messaging/topics/index.ts';
import { parseConfig } from '../../../config/index.ts';
import { Site } from '../../../process/index.ts';
import { quiet } from '../../../process/testing.ts';
import { listCertificates, rejectCertificate, trustCertificate } from '../index.ts';
import { lackingAsyncua, type Peer, startPeer } from '../testing/peer.ts';

const T0 = Date.UTC(2026, 8, 21, 14);
const DEVICE = 's=device/pump-7';
const POINT = 's=point/pump-7/rms';

describe.skipIf(lackingAsyncua !== null)(titled('asyncua as a client of a site', lackingAsyncua), () => {
  let dir: string;
  let url: string;
  let port: number;
  let peer: Peer;
  let site: Site;
  let node: MqttClient;
  const data = () => join(dir, 'data');
  const at = (id: string) => `ns=1;${id}`;
  const password = { user: 'scada', password: 'open sesame' };
  const connect = (options: object = password) => peer.do({ do: 'connect', url, ...options });
  const error = async (answer: Promise<Record<string, unknown>>) => String((await answer).error);

  function config() {
    const users = `users: [{ name: scada, password: open sesame, role: operator }, { name: view, password: only looking }, { certificate: peer/user.der, role: operator }]`;
    const server = `opcua:\n  server:\n    listen: 127.0.0.1:${port}\n    ${users}`;
    return parseConfig(
      `data: data\nbroker: embedded:0\nhttp: { listen: "127.0.0.1:0" }\n${server}`,
      join(dir, 'site.yaml'),
    );
  }
  async function startSite() {
    const problems: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const info = (_: object, text: string) => (text === `OPC UA is served at ${url}` ? resolve() : undefined);
      const warn = (_: object, text: string) => {
        problems.push(text);
        if (text.includes('OPC UA')) reject(new Error(text));
      };
      void Site.start(config(), { log: { ...quiet, info, warn } }).then((started) => {
        site = started;
      }, reject);
    });
    node = await mqtt.connectAsync(site.brokerUrl, { protocolVersion: 5, reconnectPeriod: 0 });
  }
  async function stopSite() {
    await node?.endAsync(true);
    await site?.close();
  }
  const send = (channel: string, payload: Uint8Array) =>
    node.publishAsync(`mote/d/pump-7/${channel}`, Buffer.from(payload), { qos: 1 });
  async function values(t0Ms: number, list: number[], dtUs = 250, quality = 0) {
    await send('t', encodeTelemetry({ ...telemetry, t0Ms, dtUs, values: list, exponent: -3, quality }));
    await site.store.still(async () => {});
  }
  async function alarm(tMs: number) {
    await send('e', encodeEvent({ ...event, tMs, seq: tMs % 1000 }));
    await site.store.still(async () => {});
  }

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'moteware-opcua-'));
    port = await freePort();
    url = `opc.tcp://127.0.0.1:${port}/site`;
    peer = await startPeer('client', [join(dir, 'peer')]);
    await startSite();
    await send('s', encodeState(online));
    await values(T0, [1000, 1500, 2000]);
  });
  afterAll(async () => {
    await peer?.close();
    await stopSite();
    rmSync(dir, { recursive: true, force: true });
  });

  it('lets in who has a trusted certificate and is a user, and nobody else', async () => {
    await expect(peer.do({ do: 'endpoints', url })).resolves.toEqual({ modes: ['SignAndEncrypt Basic256Sha256'] });
    expect(await error(connect())).not.toBe('undefined');
    const [waits] = listCertificates(data()).filter(({ state }) => state === 'rejected');
    expect(waits).toMatchObject({ uri: 'urn:test:asyncua:client' });
    trustCertificate(data(), waits!.thumbprint.slice(0, 12));
    for (const options of [
      { user: 'scada', password: 'wrong' },
      { user: 'nobody', password: 'open sesame' },
      {},
      { certificate: 'stranger' },
      { ...password, application: 'stranger' },
      { ...password, mode: 'None' },
      { ...password, mode: 'Sign' },
    ])
      expect([options, await error(connect(options))]).not.toEqual([options, 'undefined']);
    for (const options of [password, { certificate: 'user' }]) {
      await expect(connect(options)).resolves.toEqual({});
      await peer.do({ do: 'disconnect' });
    }
  });

  it('shows assets and devices as typed objects, and takes changes while it runs', async () => {
    await connect();
    const { namespaces } = await peer.do({ do: 'namespaces' });
    expect((namespaces as string[]).slice(1, 3)).toEqual([
      expect.stringMatching(/^urn:.*:moteware:site$/),
      'urn:moteware:site:types',
    ]);
    const children = async (id: string) => (await peer.do({ do: 'browse', node: at(id) })).children;
    expect(await children('s=Devices')).toEqual([['pump-7', at(DEVICE), 'DeviceType']]);
    expect(await children(DEVICE)).toEqual([
      ['SendCommand', at(`${DEVICE}/SendCommand`), null],
      ['rms', at(POINT), 'BaseAnalogType'],
    ]);
    const place = { file: 'assets.json', line: 1, column: 1 } as never;
    const asset = (path: string, level: string) => ({ path, level, place }) as never;
    await site.assets.take(
      {
        assets: [asset('Plant', 'site'), asset('Plant/Hall', 'area'), asset('Plant/Hall/Pump', 'machine')],
        placements: [{ subject: 'pump-7', key: '', text: 'Plant/Hall/Pump', from: 0, to: null, place } as never],
      },
      false,
    );
    await expect
      .poll(() => children('s=asset/Plant/Hall/Pump'), { timeout: 60_000 })
      .toEqual([['pump-7', at(DEVICE), 'DeviceType']]);
    expect(await children('s=Assets')).toEqual([['Plant', at('s=asset/Plant'), 'SiteType']]);
    await site.assets.rename('Plant/Hall', 'Plant/Yard');
    await expect
      .poll(() => children('s=asset/Plant/Yard/Pump'), { timeout: 60_000 })
      .toEqual([['pump-7', at(DEVICE), 'DeviceType']]);
    expect(await children('s=asset/Plant')).toEqual([['Yard', at('s=asset/Plant/Yard'), 'AreaType']]);
    expect(await children('s=Devices')).toHaveLength(1);
  });

  it('has the last value with unit, quality and microseconds, and reports each new one', async () => {
    const read = async (id: string) => (await peer.do({ do: 'read', node: at(id) })).value;
    expect(await read(POINT)).toEqual([2, 'Good', T0 * 1000 + 500]);
    // The common code of metre per second squared is MSK.
    expect(await read(`${POINT}/unit`)).toEqual([
      { uri: 'http://www.opcfoundation.org/UA/units/un/cefact', id: 0x4d534b, text: 'm/s2' },
      'Good',
      expect.any(Number),
    ]);
    // EnabledFlag of the diagnostics of the server can be written by the standard.
    for (const id of [at(POINT), 'i=2294'])
      expect(await error(peer.do({ do: 'write', node: id, value: 1 }))).toMatch(/BadUserAccessDenied/);
    await peer.do({ do: 'subscribe', nodes: [at(POINT)] });
    await values(T0 + 1000, [3000, -3001], 125);
    await values(T0 + 500, [9999]);
    await values(T0 + 2000, [4], 0, 2);
    const us = T0 * 1000;
    expect((await peer.do({ do: 'next', count: 4 })).values).toEqual([
      [at(POINT), 2, 'Good', us + 500],
      [at(POINT), 3, 'Good', us + 1_000_000],
      [at(POINT), -3.001, 'Good', us + 1_000_125],
      [at(POINT), 0.004, 'Bad', us + 2_000_000],
    ]);
  });

  it('reads history in pages and both directions, with bounds and aggregates', async () => {
    const us = (T0 + 10_000) * 1000;
    await values(
      T0 + 10_000,
      [1, 2, 3, 4, 5, 6, 7].map((value) => value * 1000),
      1_000_000,
    );
    // Of several values of one time, the last one counts.
    await values(T0 + 12_000, [30_000]);
    const history = (options: object) => peer.do({ do: 'history', node: at(POINT), ...options });
    const numbers = (answer: Record<string, unknown>) => (answer.values as [number][]).map(([value]) => value);
    const range = { start: us, end: us + 6_000_000 };
    const all = await history(range);
    expect([numbers(all), all.pages]).toEqual([[1, 2, 30, 4, 5, 6, 7], [7]]);
    const paged = await history({ ...range, count: 3 });
    expect([numbers(paged), paged.pages]).toEqual([
      [1, 2, 30, 4, 5, 6, 7],
      [3, 3, 1],
    ]);
    const back = await history({ start: range.end, end: range.start, count: 4 });
    expect([numbers(back), back.pages]).toEqual([
      [7, 6, 5, 4, 30, 2, 1],
      [4, 3],
    ]);
    expect(numbers(await history({ end: range.end, count: 2 }))).toEqual([7, 6]);
    expect(numbers(await history({ start: us, count: 2 }))).toEqual([1, 2]);
    expect((await history({ start: us + 20_000_000, end: us + 30_000_000 })).status).toBe('GoodNoData');
    const bounds = await history({ start: us + 500_000, end: us + 30_000_000, bounds: true });
    expect(numbers(bounds)).toEqual([1, 2, 30, 4, 5, 6, 7, null]);
    expect((bounds.values as unknown[][]).at(-1)![1]).toBe('BadBoundNotFound');
    expect(await error(history({ start: us }))).toMatch(/BadHistoryOperationInvalid/);
    const aggregate = async (id: number) => {
      const given = { node: at(POINT), start: us, end: us + 8_000_000, interval: 2000, aggregate: id };
      return numbers(await peer.do({ do: 'processed', ...given }));
    };
    // Average, minimum, maximum, count.
    const found = [];
    for (const id of [2342, 2346, 2347, 2352]) found.push(await aggregate(id));
    expect(found[1]).toEqual([1, 3, 5, 7]);
    expect(found[2]).toEqual([2, 30, 6, 7]);
    expect(found[3]).toEqual([2, 3, 2, 1]);
    expect(found[0]![0]).toBeCloseTo(1.5, 12);
    expect(
      await error(peer.do({ do: 'processed', node: at(POINT), ...range, interval: 0.0001, aggregate: 2342 })),
    ).toMatch(/Bad/);
    await expect(peer.do({ do: 'continuation', node: at(POINT), point: 'ffff' })).resolves.toEqual({
      status: 'BadContinuationPointInvalid',
    });
  });

  it('commands a node for an operator, with the answer of the node or a status', async () => {
    await node.subscribeAsync('mote/d/pump-7/cmd', { qos: 1 });
    const asked: string[] = [];
    node.on('message', (_, payload, { properties }) => {
      asked.push(payload.toString());
      const { name, body } = JSON.parse(payload.toString());
      const answer = { id: null, name, ok: body?.n === 3, text: `${name} ${JSON.stringify(body)}` };
      void node.publishAsync(properties!.responseTopic!, JSON.stringify(answer), {
        qos: 1,
        properties: { contentType: 'application/json' },
      });
    });
    const call = (...args: string[]) => peer.do({ do: 'call', node: at(DEVICE), method: '1:SendCommand', args });
    await expect(call('blink', '{"n": 3}')).resolves.toEqual({ result: [true, 'blink {"n":3}'] });
    await expect(call('blink', '')).resolves.toEqual({ result: [false, 'blink undefined'] });
    for (const bad of [
      ['blink', '{n}'],
      ['', ''],
      ['x'.repeat(100), ''],
      ['blink', `"${'x'.repeat(5000)}"`],
    ])
      expect(await error(call(...bad))).toMatch(/BadInvalidArgument/);
    expect(asked).toHaveLength(2);
    await peer.do({ do: 'disconnect' });
    await connect({ user: 'view', password: 'only looking' });
    expect(await error(call('blink', '{"n": 3}'))).toMatch(/BadUserAccessDenied/);
    expect(asked).toHaveLength(2);
  });

  it('raises events as conditions that only an operator acknowledges, also over a restart of the site', async () => {
    const now = Date.now() + 1000;
    const next = async () => (await peer.do({ do: 'event' })).event as Record<string, unknown>;
    const condition = at('s=condition/pump-7/keyword');
    await expect(peer.do({ do: 'alarms' })).resolves.toEqual({});
    await alarm(now);
    const raised = await next();
    expect(raised).toMatchObject({
      ConditionName: 'keyword',
      SourceName: 'pump-7',
      Message: 'keyword: {"k":2}',
      Severity: 500,
      Retain: true,
      AckedState: 'Unacknowledged',
      Time: now * 1000,
    });
    const acknowledge = (one: typeof raised) =>
      peer.do({ do: 'acknowledge', node: condition, event: String(one.EventId) });
    expect(await error(acknowledge(raised))).toMatch(/BadUserAccessDenied/);
    expect(site.status().opcua!.server).toMatchObject({ alarms: 1, commands: 3 });
    await peer.do({ do: 'disconnect' });
    await stopSite();
    await startSite();
    await connect();
    await expect(peer.do({ do: 'alarms' })).resolves.toEqual({});
    const again = await next();
    expect(again).toMatchObject({ Message: 'keyword: {"k":2}', Retain: true, Time: now * 1000 });
    await expect(acknowledge(again)).resolves.toEqual({});
    expect(await next()).toMatchObject({ AckedState: 'Acknowledged', Retain: false, Comment: 'seen' });
    await expect.poll(() => site.status().opcua!.server!.alarms, { timeout: 60_000 }).toBe(0);
    // What is acknowledged is no alarm after the next start either; the next event is one.
    await peer.do({ do: 'disconnect' });
    await stopSite();
    await startSite();
    expect(site.status().opcua!.server!.alarms).toBe(0);
    await alarm(now + 1);
    expect(site.status().opcua!.server!.alarms).toBe(1);
  });

  it('ends connections that send what is no OPC UA, and serves others as before', async () => {
    const hello = (length: number, type = 'HELF') => {
      const bytes = Buffer.alloc(8);
      bytes.write(type, 'latin1');
      bytes.writeUInt32LE(length, 4);
      return bytes;
    };
    const hostile = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      hello(0xffffffff),
      hello(0),
      Buffer.concat([hello(28), Buffer.alloc(20, 0xff)]),
      hello(8, 'MSGF'),
      Buffer.concat([hello(132, 'OPNF'), Buffer.alloc(124, 0xff)]),
    ];
    await Promise.all(
      hostile.map(
        (bytes) =>
          new Promise<void>((resolve) => {
            const socket = connectTcp(port, '127.0.0.1', () => socket.write(bytes));
            socket.on('error', () => {});
            socket.on('data', () => {});
            socket.once('close', () => resolve());
          }),
      ),
    );
    await expect(connect()).resolves.toEqual({});
    expect((await peer.do({ do: 'read', node: at(POINT) })).value).toEqual([7, 'Good', (T0 + 16_000) * 1000]);
    const huge = { do: 'call', node: at(DEVICE), method: '1:SendCommand', args: ['blink', 'x'.repeat(20_000_000)] };
    expect(await error(peer.do(huge))).not.toBe('undefined');
    await expect(connect()).resolves.toEqual({});
    // Who is no longer trusted is refused from the next connection on.
    await peer.do({ do: 'disconnect' });
    const [trusted] = listCertificates(data()).filter(({ state }) => state === 'trusted');
    expect(rejectCertificate(data(), trusted!.thumbprint.slice(0, 12)).state).toBe('rejected');
    expect(await error(connect())).not.toBe('undefined');
    expect(() => rejectCertificate(data(), trusted!.thumbprint)).toThrow(/No trusted certificate/);
  });
});
