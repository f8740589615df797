/** The site as an edge node, seen by a host that pysparkplug runs, over the embedded broker and mosquitto. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { packagePath, VirtualClock } from '../../../base/index.ts';
import { titled } from '../../../base/needs.ts';
import { brokerKinds } from '../../../messaging/broker/testing.ts';
import { MqttClient } from '../../../messaging/mqtt/index.ts';
import type { PointRun } from '../../model/index.ts';
import { EdgeNode } from './index.ts';
import { lackingPysparkplug } from './testing/needs.ts';

const T0 = Date.UTC(2026, 10, 30);
const HANG = { timeout: 30_000, interval: 5 };

interface Seen {
  readonly type: string;
  readonly device: string | null;
  readonly seq: number | null;
  readonly retain: boolean;
  readonly metrics: { name: string; alias?: number; type?: string; value: unknown; ms?: number; historical?: true }[];
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

class Host {
  readonly seen: Seen[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  #taken = 0;

  private constructor(port: number) {
    this.#child = spawn('python3', [
      packagePath('host', 'site', 'bridges', 'sparkplug', 'testing', 'host.py'),
      String(port),
    ]);
    let errors = '';
    this.#child.stderr.on('data', (text) => {
      errors += text;
    });
    this.#child.once('close', () =>
      this.seen.push({ type: errors, device: null, seq: null, retain: false, metrics: [] }),
    );
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.seen.push(JSON.parse(line) as Seen));
  }

  static async start(url: string): Promise<Host> {
    const host = new Host(Number(new URL(url).port));
    ends.push(async () => {
      host.#child.kill('SIGKILL');
      await once(host.#child, 'exit');
    });
    expect((await host.next(1))[0]!.type).toBe('ready');
    return host;
  }

  do(command: object): void {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  /** The next messages, in their order. */
  async next(count: number): Promise<Seen[]> {
    await expect.poll(() => this.seen.length, HANG).toBeGreaterThanOrEqual(this.#taken + count);
    this.#taken += count;
    return this.seen.slice(this.#taken - count, this.#taken);
  }

  /** Number of messages that nobody has asked for. */
  get rest(): number {
    return this.seen.length - this.#taken;
  }
}

function run(device: string, name: string, value: number, ms: number, more: Partial<PointRun> = {}): PointRun {
  return { device, name, unit: '', exponent: 0, quality: 0, timesUs: [ms * 1000], values: [value], ...more };
}

const text = ({ type, device, metrics }: Seen) =>
  [type, device, ...metrics.map(({ name, value, historical }) => `${name}=${value}${historical ? ' old' : ''}`)].join(
    ' ',
  );
const texts = (seen: readonly Seen[]) => seen.map(text);

describe.skipIf(lackingPysparkplug !== null)(titled('an edge node', lackingPysparkplug), () => {
  describe.each(brokerKinds)('over $name', ({ available, start: startBroker }) => {
    async function start(host: string | null) {
      const broker = await startBroker();
      ends.push(() => broker.close());
      const peer = await Host.start(broker.url);
      const clock = new VirtualClock(T0);
      const kept: number[] = [];
      const edge = new EdgeNode({
        config: { group: 'plant', edge: 'site1', host, broker: null, periodMs: 1000 },
        ...{ brokerUrl: broker.url, credentials: undefined, clientId: 'edge', clock, bdSeq: 254 },
        keep: (bdSeq) => kept.push(bdSeq),
        onProblem: () => {},
      });
      ends.push(() => edge.close());
      await expect.poll(() => edge.status.online, HANG).toBe(true);
      return { broker, peer, clock, edge, kept };
    }

    it.skipIf(!available)(
      'is born with its devices, numbers its messages, and is born again when a host asks',
      async () => {
        const { peer, clock, edge } = await start(null);
        const [birth] = await peer.next(1);
        expect(birth).toMatchObject({ type: 'NBIRTH', seq: 0, retain: false });
        expect(text(birth!)).toBe('NBIRTH  bdSeq=255 Node Control/Rebirth=false');
        edge.take([
          run('pump/7', 'rms', -2153, T0 - 5, { exponent: -2, unit: 'm/s2' }),
          run('pump/7', 'count', -3, T0 - 4),
        ]);
        clock.advance(1000);
        const [device] = await peer.next(1);
        expect(device).toMatchObject({ type: 'DBIRTH', device: 'pump%2F7', seq: 1 });
        expect(device!.metrics).toEqual([
          { name: 'rms', alias: 1, type: 'DOUBLE', value: -21.53, ms: T0 - 5 },
          { name: 'count', alias: 2, type: 'INT64', value: '-3', ms: T0 - 4 },
        ]);
        // The newest value of a period, under the alias that pysparkplug knows from the birth.
        edge.take([
          run('pump/7', 'count', 4, T0 + 1),
          run('pump/7', 'count', 5, T0 + 2),
          run('pump/7', 'count', 6, T0),
        ]);
        clock.advance(1000);
        const [data] = await peer.next(1);
        expect(data).toMatchObject({ type: 'DDATA', seq: 2, metrics: [{ alias: 2, value: '5', ms: T0 + 2 }] });
        // A metric that the birth lacks needs another one.
        edge.take([run('pump/7', 'new', 1, T0 + 3)]);
        clock.advance(1000);
        expect(texts(await peer.next(1))).toEqual(['DBIRTH pump%2F7 rms=-21.53 count=5 new=1']);
        peer.do({ do: 'rebirth', ms: T0 });
        // The command to the edge node is among the messages of the group.
        expect((await peer.next(1))[0]!.type).toBe('NCMD');
        await expect
          .poll(() => {
            clock.advance(1000);
            return peer.rest;
          }, HANG)
          .toBe(2);
        const again = await peer.next(2);
        expect(again.map(({ seq }) => seq)).toEqual([0, 1]);
        expect(texts(again)).toEqual([
          'NBIRTH  bdSeq=255 Node Control/Rebirth=false',
          'DBIRTH pump%2F7 rms=-21.53 count=5 new=1',
        ]);
        for (let i = 0; i < 260; i++) {
          edge.take([run('pump/7', 'count', i, T0 + 10 + i)]);
          clock.advance(1000);
          const [next] = await peer.next(1);
          expect([next!.seq, next!.metrics[0]!.value]).toEqual([(i + 2) % 256, String(i)]);
        }
      },
    );

    it.skipIf(!available)('ends the birth of a device that is away', async () => {
      const { peer, clock, edge } = await start(null);
      edge.take([run('m7', 'rms', 1, T0), run('m8', 'rms', 2, T0)]);
      clock.advance(1000);
      await peer.next(3);
      edge.setOnline('m7', false);
      edge.take([run('m7', 'rms', 3, T0 + 1), run('m8', 'rms', 4, T0 + 1)]);
      clock.advance(1000);
      const [death, data] = await peer.next(2);
      expect([text(death!), death!.seq, text(data!), data!.seq]).toEqual([
        'DDEATH m7',
        3,
        expect.stringMatching(/^DDATA m8 .*=4$/),
        4,
      ]);
      edge.setOnline('m7', true);
      clock.advance(1000);
      expect(texts(await peer.next(1))).toEqual(['DBIRTH m7 rms=3']);
    });

    it.skipIf(!available)('waits for its primary host, and sends what came meanwhile as historical', async () => {
      const { peer, clock, edge, kept } = await start('scada');
      edge.take([run('m7', 'rms', 1, T0)]);
      clock.advance(1000);
      edge.take([run('m7', 'rms', 2, T0 + 1000)]);
      clock.advance(1000);
      expect(edge.status).toMatchObject({ born: false, hostOnline: false, waiting: 2, published: 0 });
      peer.do({ do: 'state', online: true, ms: T0 });
      const births = await peer.next(3);
      expect(texts(births)).toEqual([
        'NBIRTH  bdSeq=255 Node Control/Rebirth=false',
        'DBIRTH m7 rms=2',
        expect.stringMatching(/^DDATA m7 .*=1 old$/),
      ]);
      expect(births.map(({ seq }) => seq)).toEqual([0, 1, 2]);
      expect(births[2]!.metrics[0]!.ms).toBe(T0);
      // A death of an earlier connection of the host, which comes late, changes nothing.
      peer.do({ do: 'state', online: false, ms: T0 - 1 });
      peer.do({ do: 'rebirth', ms: T0 });
      await expect
        .poll(() => {
          clock.advance(1000);
          return peer.rest;
        }, HANG)
        .toBe(3);
      expect(texts(await peer.next(3)).slice(1)).toEqual([
        'NBIRTH  bdSeq=255 Node Control/Rebirth=false',
        'DBIRTH m7 rms=2',
      ]);
      peer.do({ do: 'state', online: false, ms: T0 + 1 });
      expect(texts(await peer.next(1))).toEqual(['NDEATH  bdSeq=255']);
      await expect.poll(() => edge.status.online && kept.length === 2, HANG).toBe(true);
      edge.take([run('m7', 'rms', 3, T0 + 2000)]);
      clock.advance(1000);
      edge.take([run('m7', 'rms', 4, T0 + 3000)]);
      clock.advance(1000);
      peer.do({ do: 'state', online: true, ms: T0 + 2 });
      expect(texts(await peer.next(3))).toEqual([
        'NBIRTH  bdSeq=0 Node Control/Rebirth=false',
        'DBIRTH m7 rms=4',
        expect.stringMatching(/^DDATA m7 .*=3 old$/),
      ]);
      expect(peer.rest).toBe(0);
    });

    it.skipIf(!available)('dies by its will with the number of its birth, and has another one afterwards', async () => {
      const { peer, clock, broker, edge } = await start(null);
      await peer.next(1);
      // The broker ends a connection whose name another one takes.
      const thief = new MqttClient({ url: broker.url, clientId: 'edge' });
      await thief.connect();
      expect(texts(await peer.next(1))).toEqual(['NDEATH  bdSeq=255']);
      thief.close();
      await expect
        .poll(() => {
          clock.advance(1000);
          return edge.status.born;
        }, HANG)
        .toBe(true);
      expect(texts(await peer.next(1))).toEqual(['NBIRTH  bdSeq=0 Node Control/Rebirth=false']);
      await edge.close();
      expect(texts(await peer.next(1))).toEqual(['NDEATH  bdSeq=0']);
      expect(edge.status.births).toBe(2);
    });
  });
});

it('reports states and commands that are none, once each time, and stays as it is', async () => {
  const broker = await brokerKinds[0]!.start();
  ends.push(() => broker.close());
  const problems: string[] = [];
  const edge = new EdgeNode({
    config: { group: 'plant', edge: 'site1', host: 'scada', broker: null, periodMs: 1000 },
    ...{ brokerUrl: broker.url, credentials: undefined, clientId: 'edge', clock: new VirtualClock(T0), bdSeq: -1 },
    keep: () => {},
    onProblem: ({ code }) => problems.push(code),
  });
  ends.push(() => edge.close());
  await expect.poll(() => edge.status.online, HANG).toBe(true);
  const client = new MqttClient({ url: broker.url, clientId: 'hostile' });
  ends.push(async () => client.close());
  await client.connect();
  const states = [
    '',
    'ONLINE',
    '[]',
    'null',
    '{"online":1,"timestamp":1}',
    '{"online":true}',
    `{"a":"${'x'.repeat(2000)}"}`,
  ];
  for (const state of states) await client.publish('spBv1.0/STATE/scada', Buffer.from(state), { qos: 1 });
  for (const command of ['', 'x', '\u0012\u00ff']) {
    await client.publish('spBv1.0/plant/NCMD/site1', Buffer.from(command, 'latin1'), { qos: 1 });
  }
  await expect.poll(() => problems.length, HANG).toBe(states.length + 2);
  expect(new Set(problems)).toEqual(new Set(['SPARKPLUG']));
  expect(edge.status).toMatchObject({ born: false, hostOnline: false, births: 0 });
});
