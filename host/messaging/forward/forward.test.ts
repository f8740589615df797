import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { type Broker, startEmbeddedBroker } from '../broker/index.ts';
import { readLetters } from '../dead-letters/index.ts';
import type { MqttClient } from '../mqtt/index.ts';
import { bytes, connected, freePort, Inbox, settle, Wire } from '../mqtt/testing.ts';
import { Forward } from './forward.ts';
import type { ForwardOptions } from './options.ts';
import { nextVia } from './via.ts';

let dir: string;
const ends: (() => void | Promise<void>)[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-forward-'));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(dir, { recursive: true, force: true });
});

const start = (options: Partial<ForwardOptions> & Pick<ForwardOptions, 'local' | 'remote'>) => {
  const forward = new Forward({
    site: 'a',
    topics: ['mote/#'],
    dir: join(dir, options.site ?? 'a'),
    queueSync: 'os',
    backoff: { baseMs: 5, capMs: 40 },
    ...options,
  });
  ends.push(() => forward.abort());
  return forward;
};
async function broker(options: Parameters<typeof startEmbeddedBroker>[0] = {}): Promise<Broker> {
  const started = await startEmbeddedBroker({ port: 0, ...options });
  ends.push(() => started.close());
  return started;
}
async function client(url: string): Promise<MqttClient> {
  const made = await connected(url);
  ends.push(() => made.close());
  return made;
}
async function listen(url: string, filter = '#') {
  const inbox = new Inbox();
  const reader = await client(url);
  await reader.subscribe({ filter, qos: 1 }, inbox.push);
  return { inbox, reader };
}
/** Waits until the forward has its subscription: its probes arrive. */
async function ready(from: MqttClient, inbox: Inbox) {
  for (let arrived = false; !arrived; ) {
    await from.publish('mote/probe', bytes('probe'), { qos: 1 });
    await settle();
    arrived = inbox.texts.includes('probe');
  }
}
const real = (inbox: Inbox) => inbox.messages.filter(({ topic }) => !topic.endsWith('probe'));
const event = (id: number) => ({
  qos: 1 as const,
  properties: { userProperties: { id: `1-e-${id}`, source: '/mote/d/n', time: '2026-09-21T14:13:24.000Z' } },
});

describe('store and forward', () => {
  it('passes on topic, payload, order and all properties, below a prefix', async () => {
    const [local, remote] = [await broker(), await broker()];
    const from = await client(local.url);
    const { inbox } = await listen(remote.url);
    const forward = start({ local, remote, prefix: 'sites/a/' });
    await ready(from, inbox);
    const properties = {
      contentType: 'application/cbor',
      responseTopic: 'r',
      correlationData: Buffer.from([1, 2]),
      userProperties: { id: '1-t-1', source: '/mote/d/n', time: '2026-09-21T14:13:24.000Z', many: ['a', 'b'] },
      utf8: true,
    };
    await from.publish('mote/d/n/s', Uint8Array.of(0, 255), { qos: 1, retain: true, properties });
    for (let i = 0; i < 100; i++) await from.publish('mote/d/n/e', bytes(`${i}`), event(i));
    await inbox.until(() => real(inbox).length === 101);
    const [state, ...events] = real(inbox);
    expect(state).toMatchObject({ topic: 'sites/a/mote/d/n/s', qos: 1 });
    expect({ ...state!.properties, correlationData: Buffer.from(state!.properties.correlationData!) }).toEqual({
      ...properties,
      userProperties: { ...properties.userProperties, via: 'a' },
    });
    expect(Uint8Array.from(state!.payload)).toEqual(Uint8Array.of(0, 255));
    expect(events.map(({ payload }) => Number(Buffer.from(payload)))).toEqual(Array.from({ length: 100 }, (_, i) => i));
    const late = await listen(remote.url, 'sites/a/mote/d/n/s');
    expect(await late.inbox.count(1)).toMatchObject([{ retain: true }]);
    expect(forward.stats).toMatchObject({ looped: 0, dropped: 0, refused: 0, localOnline: true, remoteOnline: true });
  });

  it('keeps what comes while the other broker is away on disk, over a kill, and publishes it in order', async () => {
    const port = await freePort();
    const local = await broker();
    const from = await client(local.url);
    const remote = { url: `mqtt://127.0.0.1:${port}` };
    let heard = () => {};
    let first = start({ local, remote, onProblem: () => heard() });
    const waiting = (forward: Forward, count: number) =>
      new Promise<void>((resolve) => {
        const look = () => (forward.stats.waiting >= count ? resolve() : void setImmediate(look));
        look();
      });
    for (let sent = false; !sent; ) {
      await from.publish('mote/probe', bytes('probe'), { qos: 1 });
      await settle();
      sent = first.stats.waiting > 0;
    }
    const before = first.stats.waiting;
    for (let i = 0; i < 50; i++) await from.publish('mote/d/n/e', bytes(`${i}`), event(i));
    await waiting(first, before + 50);
    expect(() => start({ local, remote })).toThrow(/in use/);
    first.abort();
    // The session of the local broker keeps these.
    for (let i = 50; i < 80; i++) await from.publish('mote/d/n/e', bytes(`${i}`), event(i));
    first = start({ local, remote });
    await waiting(first, before + 80);
    first.abort();
    await broker({ port });
    const { inbox } = await listen(remote.url);
    heard = () => {};
    start({ local, remote });
    await inbox.until(() => real(inbox).length >= 80);
    expect(real(inbox).map(({ payload }) => Number(Buffer.from(payload)))).toEqual(
      Array.from({ length: 80 }, (_, i) => i),
    );
  });

  it('brings no message back, between two sites that forward to one another', async () => {
    const [a, b] = [await broker(), await broker()];
    const [atA, atB] = [await listen(a.url), await listen(b.url)];
    const there = start({ site: 'a', local: a, remote: b });
    const back = start({ site: 'b', local: b, remote: a });
    await ready(atA.reader, atB.inbox);
    await ready(atB.reader, atA.inbox);
    for (let i = 0; i < 20; i++) {
      await atA.reader.publish('mote/a', bytes(`${i}`), event(i));
      await atB.reader.publish('mote/b', bytes(`${i}`), event(i));
    }
    await atA.reader.publish('mote/end', bytes('end'), { qos: 1 });
    await atB.inbox.until(() => atB.inbox.texts.includes('end'));
    await atB.reader.publish('mote/end2', bytes('end2'), { qos: 1 });
    await atA.inbox.until(() => atA.inbox.texts.includes('end2'));
    for (const { inbox } of [atA, atB]) {
      const topics = inbox.messages.map(({ topic }) => topic);
      expect(topics.filter((topic) => topic === 'mote/a')).toHaveLength(20);
      expect(topics.filter((topic) => topic === 'mote/b')).toHaveLength(20);
    }
    expect([there.stats.looped > 19, back.stats.looped > 19]).toEqual([true, true]);
  });

  it('keeps what the other broker refuses for good as dead letters, and goes on', async () => {
    const local = await broker();
    const remote = await broker({ allow: (_, action, topic) => action === 'subscribe' || topic !== 'mote/secret' });
    const from = await client(local.url);
    const { inbox } = await listen(remote.url);
    const problem = new Promise<string>((resolve) => {
      start({ local, remote, onProblem: ({ code }) => resolve(code) });
    });
    await ready(from, inbox);
    await from.publish('mote/secret', bytes('x'), event(1));
    await from.publish('mote/open', bytes('y'), event(2));
    await inbox.until(() => real(inbox).length === 1);
    expect(await problem).toBe('MQTT_NOT_AUTHORIZED');
    const { letters } = readLetters(join(dir, 'a', 'dead-letters'));
    expect(letters).toMatchObject([{ topic: 'mote/secret', node: 'a', code: 'MQTT_NOT_AUTHORIZED' }]);
  });

  it.each([
    [{ site: 'a b' }, /no name of a site/],
    [{ topics: [] }, /no topic filter/],
    [{ topics: ['$SYS/#'] }, /no topic filter/],
    [{ topics: ['a/#/b'] }, /no topic filter/],
    [{ prefix: 'a' }, /no prefix/],
    [{ prefix: '+/' }, /no prefix/],
    [{ maxHops: 0 }, /hops/],
    [{ remote: { url: 'mqtt://x' } }, /the same one/],
    [{ remote: { url: 'http://x' } }, /not a broker address/],
  ] as [Partial<ForwardOptions>, RegExp][])('rejects %j', (wrong, message) => {
    const local = { url: 'mqtt://x' };
    expect(() => start({ local, remote: { url: 'mqtt://y' }, ...wrong })).toThrow(message);
    expect(existsSync(join(dir, 'a'))).toBe(false);
  });
});

/** A forward in virtual time, whose brokers do what the test does. */
function world(options: Partial<ForwardOptions> = {}) {
  const clock = new VirtualClock(1_790_000_000_000);
  const wires = { local: [] as Wire[], remote: [] as Wire[] };
  const problems: string[] = [];
  const forward = start({
    local: { url: 'mqtt://local' },
    remote: { url: 'mqtt://remote' },
    clock,
    random: () => 0.5,
    open(url) {
      const wire = new Wire();
      wires[url.hostname as 'local' | 'remote'].push(wire);
      return wire;
    },
    onProblem: (error) => problems.push(error.code),
    ...options,
  });
  const local = wires.local[0]!;
  local.accept();
  local.send({ cmd: 'suback', messageId: 1, granted: [1] });
  let id = 0;
  const receive = (text: string, more: { qos?: 0 | 1; expiry?: number } = {}) => {
    const { qos = 1, expiry } = more;
    const properties = {
      userProperties: { id: text, source: '/mote/d/n' },
      ...(expiry && { messageExpiryInterval: expiry }),
    };
    const packet = {
      cmd: 'publish' as const,
      topic: 'mote/d/n/e',
      payload: text,
      dup: false,
      retain: false,
      properties,
    };
    local.send(qos === 1 ? { ...packet, qos, messageId: ++id } : { ...packet, qos });
  };
  /** Until the log has written what it has, and promises have run. */
  const written = async () => {
    for (let i = 0; i < 10; i++) await settle();
  };
  const acknowledged = () => local.of('puback').length;
  return { clock, wires, problems, forward, local, receive, written, acknowledged };
}

describe('a forward whose other broker is away for an hour', () => {
  it('acknowledges what is on disk, loses no event, and sends all in order with the time that is left', async () => {
    const { clock, wires, forward, receive, written, acknowledged } = world({
      backoff: { baseMs: 1000, capMs: 60_000 },
    });
    const expected: string[] = [];
    for (let minute = 0; minute < 60; minute++) {
      wires.remote.at(-1)!.emit('error', new Error('ECONNREFUSED'));
      receive(`e${minute}`);
      receive(`t${minute}`, { expiry: 1800 });
      expected.push(`e${minute}`);
      if (minute > 30) expected.push(`t${minute}`);
      await written();
      expect([minute, acknowledged()]).toEqual([minute, 2 * (minute + 1)]);
      for (let s = 0; s < 60; s += 10) {
        clock.advance(10_000);
        wires.local[0]!.send({ cmd: 'pingresp' });
      }
    }
    expect(forward.stats).toMatchObject({ waiting: 120, dropped: 0 });
    for (const before = wires.remote.length; wires.remote.length === before; ) clock.advance(100);
    const remote = wires.remote.at(-1)!;
    remote.accept({ receiveMaximum: 10 });
    for (let n = 0; n < remote.publishes().length; n++) {
      remote.send({ cmd: 'puback', messageId: remote.publishes()[n]!.messageId!, reasonCode: 0 });
      await written();
    }
    expect(remote.publishes().map(({ payload }) => `${payload}`)).toEqual(expected);
    expect(remote.publishes().at(-1)!.properties?.messageExpiryInterval).toBeLessThanOrEqual(1740);
    expect(forward.stats.waiting).toBe(0);
  });

  it('with a full log drops what may be lost, acknowledges no event that it cannot keep, and continues', async () => {
    const { clock, wires, forward, receive, written, acknowledged, local } = world({ maxBytes: 3000, topics: ['#'] });
    for (let i = 0; i < 30; i++) {
      receive(`t${i}`, { qos: 0 });
      receive(`e${i}`);
    }
    await written();
    const kept = acknowledged();
    expect(kept).toBeGreaterThan(3);
    expect(kept).toBeLessThan(30);
    expect(forward.stats.dropped).toBe(30);
    clock.advance(5000);
    local.send({ cmd: 'pingresp' });
    const remote = wires.remote.at(-1)!;
    remote.accept();
    for (let n = 0; n < remote.publishes().length; n++) {
      remote.send({ cmd: 'puback', messageId: remote.publishes()[n]!.messageId!, reasonCode: 0 });
      await written();
    }
    expect(remote.publishes().map(({ payload }) => `${payload}`)).toEqual(
      Array.from({ length: 30 }, (_, i) => `e${i}`),
    );
    expect(acknowledged()).toBe(30);
    // One that is delivered again, because its acknowledgement was lost, is known.
    receive('e29');
    await written();
    expect([acknowledged(), forward.stats.repeated]).toEqual([31, 1]);
  });
});

it.each([
  [{}, {}, 'a'],
  [{ id: 'x' }, {}, 'a'],
  [{ via: 'b' }, {}, null],
  [{ via: 'b' }, { maxHops: 2 }, 'b a'],
  [{ via: 'b c' }, { maxHops: 2 }, null],
  [{ via: 'a' }, { maxHops: 9 }, null],
  [{ via: 'b' }, { maxHops: 9, remoteSite: 'b' }, null],
  [{ via: ['b', 'a'] }, { maxHops: 9 }, null],
  [{ via: '' }, {}, 'a'],
])('a message that has passed %j is passed on by site a, with %j, as %j', (properties, more, via) => {
  const next = nextVia(properties as Record<string, string>, { site: 'a', remoteSite: undefined, maxHops: 1, ...more });
  expect(next).toEqual(via === null ? null : { ...properties, via });
});
