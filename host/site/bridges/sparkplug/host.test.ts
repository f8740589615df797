/** The site as a host application, towards edge nodes of pysparkplug and of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { packagePath, systemClock, VirtualClock } from '../../../base/index.ts';
import { titled } from '../../../base/needs.ts';
import { brokerKinds } from '../../../messaging/broker/testing.ts';
import { connected, Inbox } from '../../../messaging/mqtt/testing.ts';
import { TestSite } from '../../process/testing.ts';
import { EdgeNode, HostApplication } from './index.ts';
import { type OutMetric, writeSparkplug } from './payload.ts';
import { lackingPysparkplug } from './testing/needs.ts';
import { Tracker } from './tracker.ts';

const HANG = { timeout: 30_000 };
const T0 = Date.UTC(2026, 10, 30);
const bdSeq = (value: bigint): OutMetric => ({ name: 'bdSeq', timestampMs: T0, type: 'int64', value });
const data: OutMetric = { alias: 1, timestampMs: T0, type: 'int64', value: 1n };

describe('a host asks for births', () => {
  const birth = writeSparkplug(T0, [bdSeq(4n)], 0);
  const death = writeSparkplug(T0, [bdSeq(4n)], null);
  const at = (seq: number) => writeSparkplug(T0, [data], seq);
  const of = (type: string, device = '') => `spBv1.0/g/${type}/e${device && `/${device}`}`;
  type Step = readonly [topic: string, payload: Uint8Array];
  const born: Step = [of('NBIRTH'), birth];

  it.each<[string, boolean, Step[]]>([
    ['never, while all messages follow', false, [born, [of('DBIRTH', 'd'), at(1)], [of('DDATA', 'd'), at(2)]]],
    ['of data without a birth', true, [[of('NDATA'), at(7)]]],
    ['when a message is missing', true, [born, [of('NDATA'), at(2)]]],
    ['when a message comes twice', true, [born, [of('NDATA'), at(1)], [of('NDATA'), at(1)]]],
    ['of a birth with another number than 0', true, [[of('NBIRTH'), at(1)]]],
    ['of a device without a birth', true, [born, [of('DDATA', 'd'), at(1)]]],
    [
      'of a device behind its death',
      true,
      [born, [of('DBIRTH', 'd'), at(1)], [of('DDEATH', 'd'), at(2)], [of('DDATA', 'd'), at(3)]],
    ],
    ['behind the death of the edge node', true, [born, [of('NDEATH'), death], [of('NDATA'), at(1)]]],
    [
      'never behind the death of an earlier connection',
      false,
      [born, [of('NDEATH'), writeSparkplug(T0, [bdSeq(3n)], null)], [of('NDATA'), at(1)]],
    ],
    [
      'never of what is no payload',
      false,
      [
        [of('NDATA'), Buffer.from('x')],
        ['spBv1.0/STATE/x', birth],
      ],
    ],
  ])('%s', (_what, asks, steps) => {
    const tracker = new Tracker(new VirtualClock(T0));
    const asked = steps.map(([topic, payload]) => tracker.see(topic, payload));
    expect(asked.slice(0, -1)).toEqual(asked.slice(0, -1).map(() => null));
    expect(asked.at(-1)).toBe(asks ? 'g/e' : null);
  });

  it('once a minute, and numbers go on behind 255', () => {
    const clock = new VirtualClock(T0);
    const tracker = new Tracker(clock);
    const see = (seq: number) => tracker.see(of('NDATA'), at(seq));
    expect([see(1), see(2), tracker.gaps]).toEqual(['g/e', null, 2]);
    clock.advance(60_000);
    expect(see(3)).toBe('g/e');
    tracker.see(...born);
    for (let i = 1; i < 600; i++) expect(see(i % 256)).toBeNull();
    expect(tracker.gaps).toBe(3);
  });
});

describe('a site as a host', () => {
  let test: TestSite | undefined;
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await test?.delete();
  });

  it('has a retained state, in front of which an edge node waits, also when an old death comes late', async () => {
    test = new TestSite();
    const site = await test.start('sparkplugHost: { id: scada }');
    const edge = new EdgeNode({
      config: { group: 'g', edge: 'e', host: 'scada', broker: null, periodMs: 100 },
      ...{ brokerUrl: site.brokerUrl, credentials: undefined, clientId: 'edge', clock: systemClock, bdSeq: -1 },
      keep: () => {},
      onProblem: () => {},
    });
    ends.push(() => edge.close());
    await expect.poll(() => edge.status.born, HANG).toBe(true);
    await expect.poll(() => site.status().sparkplugHost?.edges, HANG).toBe(1);
    const inbox = new Inbox();
    const client = await connected(site.brokerUrl);
    ends.push(async () => client.close());
    await client.subscribe({ filter: 'spBv1.0/STATE/scada', qos: 1 }, inbox.push);
    const [state] = await inbox.count(1);
    expect(state).toMatchObject({ retain: true });
    const { timestamp } = JSON.parse(Buffer.from(state!.payload).toString()) as { timestamp: number };
    const late = JSON.stringify({ online: false, timestamp: timestamp - 5 });
    await client.publish('spBv1.0/STATE/scada', Buffer.from(late), { qos: 1, retain: true });
    const [, , again] = await inbox.count(3);
    expect(JSON.parse(Buffer.from(again!.payload).toString())).toEqual({ online: true, timestamp });
    expect([edge.status.births, site.status().sparkplugHost]).toMatchObject([1, { online: true, gaps: 0, asked: 0 }]);
  });

  it('ends with the time of its birth, also by its will', async () => {
    const broker = await brokerKinds[0]!.start();
    ends.push(() => broker.close());
    const inbox = new Inbox();
    const client = await connected(broker.url);
    ends.push(async () => client.close());
    await client.subscribe({ filter: 'spBv1.0/STATE/scada', qos: 1 }, inbox.push);
    const clock = new VirtualClock(T0);
    const seam = { brokerUrl: broker.url, credentials: undefined, clock, onProblem: () => {} };
    const host = new HostApplication({ ...seam, id: 'scada', clientId: 'host' });
    ends.push(() => host.close());
    const state = (online: boolean, timestamp: number) => JSON.stringify({ online, timestamp });
    const last = () => inbox.texts.at(-1);
    await expect.poll(last, HANG).toBe(state(true, T0));
    // The broker ends a connection whose name another one takes.
    const thief = await connected(broker.url, { clientId: 'host' });
    await expect.poll(last, HANG).toBe(state(false, T0));
    thief.close();
    await expect
      .poll(() => {
        if (!host.status.online) clock.advance(1000);
        return host.status.online;
      }, HANG)
      .toBe(true);
    await expect.poll(last, HANG).toMatch(/^\{"online":true/);
    const { timestamp } = JSON.parse(last()!) as { timestamp: number };
    expect(timestamp).toBeGreaterThan(T0);
    await host.close();
    await expect.poll(last, HANG).toBe(state(false, timestamp));
  });

  it.skipIf(lackingPysparkplug !== null)(
    titled('asks an edge node of pysparkplug whose birth it has missed', lackingPysparkplug),
    async () => {
      test = new TestSite();
      const site = await test.start('sparkplugHost: { id: scada }\nexclude: [spBv1.0/g/NBIRTH/e]');
      const path = packagePath('host', 'site', 'bridges', 'sparkplug', 'testing', 'edge.py');
      const child = spawn('python3', [path, new URL(site.brokerUrl).port]);
      ends.push(async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      });
      const lines: string[] = [];
      createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
      createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
      await expect.poll(() => lines, HANG).toEqual(['NCMD Node Control/Rebirth=True']);
      expect(site.status().sparkplugHost).toMatchObject({ edges: 1, asked: 1 });
    },
  );
});
