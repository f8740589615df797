/** A site subscribes the variables of a server that asyncua runs, over all that a connection meets. */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MoteError } from '../../../base/index.ts';
import { titled } from '../../../base/needs.ts';
import { freePort } from '../../../messaging/mqtt/testing.ts';
import { parseConfig, parseMapping, printMapping } from '../../config/index.ts';
import { Site } from '../../process/index.ts';
import type { ConnectOptions } from './connect.ts';
import { browse, connect, type Identity, listCertificates, openIdentity, trustCertificate } from './index.ts';
import { lackingAsyncua, type Peer, startPeer } from './testing/peer.ts';

const T0 = Date.UTC(2026, 8, 21, 14) * 1000;
const problems: string[] = [];
const log = {
  error: () => {},
  info: () => {},
  debug: () => {},
  warn: (_: object, text: string) => problems.push(text),
};

describe.skipIf(lackingAsyncua !== null)(titled('a site as a client of asyncua', lackingAsyncua), () => {
  let dir: string;
  let url: string;
  let peer: Peer;
  let identity: Identity;
  let site: Site | undefined;
  const data = () => join(dir, 'data');
  /** What a connection ends with. */
  const outcome = (given: ConnectOptions): Promise<string> =>
    connect(given, identity).then(
      async (connection) => {
        await connection.close();
        return 'connected';
      },
      (error: MoteError) => `${error.code} ${error.message}`,
    );

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'moteware-opcua-'));
    const port = await freePort();
    url = `opc.tcp://127.0.0.1:${port}/press`;
    mkdirSync(join(dir, 'peer', 'trusted'), { recursive: true });
    [peer, identity] = await Promise.all([
      startPeer('server', [String(port), join(dir, 'peer'), 'secret']),
      openIdentity(data()),
    ]);
    await peer.do({ do: 'start' });
  });
  afterAll(async () => {
    await site?.close();
    await identity?.manager.dispose();
    await peer?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const options = (password = 'secret') => ({
    url,
    security: 'sign-and-encrypt' as const,
    user: { name: 'site', password },
  });

  it('connects only if each side trusts the certificate of the other, and the server knows the user', async () => {
    const own = new X509Certificate(readFileSync(identity.certificateFile));
    expect(own.subjectAltName).toContain(`URI:${identity.applicationUri}`);
    expect(own.subjectAltName).toContain('IP Address:127.0.0.1');
    // The site doesn't know the server: its certificate waits for a decision.
    await expect(outcome(options())).resolves.toMatch(/^OPCUA_CONNECT .*mote site opcua trust/);
    const [waits] = listCertificates(data()).filter(({ state }) => state === 'rejected');
    expect(waits).toMatchObject({ uri: 'urn:test:asyncua:server' });
    expect(trustCertificate(data(), waits!.thumbprint.slice(0, 12)).state).toBe('trusted');
    expect(listCertificates(data()).filter(({ state }) => state === 'rejected')).toEqual([]);
    // The server doesn't know the site.
    await expect(outcome(options())).resolves.toMatch(/^OPCUA_CONNECT .*the server doesn't trust/);
    writeFileSync(join(dir, 'peer', 'trusted', 'site.der'), own.raw);
    await peer.do({ do: 'trust' });
    await expect(outcome(options('wrong'))).resolves.toMatch(/refuses the user/);
    await expect(outcome({ ...options(), security: 'none' })).resolves.toMatch(
      /^OPCUA_CONNECT .*no endpoint with this security/,
    );
  });

  it('browses the variables into a mapping, with units and types', async () => {
    const connection = await connect(options(), identity);
    const browsed = await browse(connection.session);
    await connection.close();
    const text = printMapping(browsed, 'Variables of the press');
    expect(parseMapping(text, 'press.yaml').variables).toEqual([
      {
        node: 'nsu=urn:test:press;s=press.temperature',
        device: 'press',
        name: 'temperature',
        unit: 'Cel',
        exponent: -6,
      },
      { node: 'nsu=urn:test:press;s=press.count', device: 'press', name: 'count', exponent: 0 },
      { node: 'nsu=urn:test:press;s=press.running', device: 'press', name: 'running', type: 'boolean' },
      { node: 'nsu=urn:test:press;s=press.message', device: 'press', name: 'message', type: 'event' },
    ]);
    expect(browsed.nodes.map(({ depth, name }) => [depth, name])).toContainEqual([1, 'list']);
    writeFileSync(join(dir, 'press.yaml'), text.replace('exponent: -6', 'exponent: -2'));
  });

  it('stores what variables report, also after a restart of the server with other namespace indices', async () => {
    const client = `{ name: press, url: "${url}", mapping: press.yaml, user: { name: site, password: secret }, publishMs: 50, sampleMs: 0 }`;
    const text = `data: data\nbroker: embedded:0\nhttp: { listen: "127.0.0.1:0" }\nopcua:\n  clients: [${client}]\n`;
    site = await Site.start(parseConfig(text, join(dir, 'site.yaml')), { log });
    const stored = async (): Promise<string[]> => {
      await site!.store.still(async () => {});
      const rows = await site!.store.telemetry.query(
        'SELECT device, name, unit, exponent, value, quality, t FROM points JOIN series ON id = series ORDER BY t, name',
      );
      return rows.map(({ device, name, unit, exponent, value, quality, t }) =>
        [device, name, `${value}e${exponent}`, unit, `q${quality}`, Number(t) - T0].join(' '),
      );
    };
    const online = () => site!.status().opcua?.connections[0]?.online;
    await expect.poll(online, { timeout: 60_000 }).toBe(true);
    const write = (...values: object[]) => peer.do({ do: 'write', values });
    await write(
      { name: 'temperature', value: 22.5, us: T0 + 1 },
      { name: 'count', value: '9007199254740993', us: T0 + 2 },
    );
    await write({ name: 'running', value: false, us: T0 + 3, status: 0x40000000 });
    await write({ name: 'message', value: 'door open', us: T0 + 4 });
    await expect
      .poll(stored, { timeout: 60_000 })
      .toEqual(
        expect.arrayContaining([
          'press temperature 2250e-2 Cel q0 1',
          'press count 9007199254740993e0  q0 2',
          'press running 0e0  q1 3',
        ]),
      );
    const messages = async () => {
      const rows = await site!.store.telemetry.query("SELECT body FROM events WHERE name = 'message'");
      return rows.map(({ body }) => body);
    };
    await expect.poll(messages, { timeout: 60_000 }).toContain('"door open"');
    await peer.do({ do: 'stop' });
    await expect.poll(online, { timeout: 60_000 }).toBe(false);
    await peer.do({ do: 'start' });
    await write({ name: 'temperature', value: 23.25, us: T0 + 5 });
    await expect.poll(stored, { timeout: 60_000 }).toContain('press temperature 2325e-2 Cel q0 5');
    // Nothing came twice, and each loss was reported once.
    const all = await stored();
    expect(new Set(all).size).toBe(all.length);
    expect(problems.filter((text) => text.includes('the connection is lost'))).toHaveLength(1);
  });
});
