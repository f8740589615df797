import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Broker } from '../broker/broker.ts';
import { brokerKinds } from '../broker/testing.ts';
import type { MqttClient } from '../mqtt/client.ts';
import { bytes, Cable, connected, freePort, Inbox, uniqueId } from '../mqtt/testing.ts';
import type { Received } from '../mqtt/types.ts';
import { decodeEvent, decodeLog, decodeOta, decodeState, decodeTelemetry } from '../topics/payloads.ts';
import { FakeNode, somePackage } from './fake-node.ts';
import { pushPackage } from './push.ts';
import { Shim } from './shim.ts';
import type { ShimOptions } from './shim-options.ts';

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const on = (messages: Received[], channel: string) => messages.filter((m) => m.topic.endsWith(`/${channel}`));
const idOf = (m: Received) => String(m.properties.userProperties?.id);
/** Removes repetitions as a receiver does: the first message of each id, in order of arrival. */
const once = (messages: Received[]) => [...new Map(messages.map((m) => [idOf(m), m])).values()];
const events = (messages: Received[]) => once(on(messages, 'e')).map((m) => decodeEvent(m.payload).body);

for (const kind of brokerKinds) {
  describe.skipIf(!kind.available)(`shim on ${kind.name}`, () => {
    let broker: Broker;
    let dir: string;
    let port: number;
    let ns: string;
    const shims: Shim[] = [];
    const clients: MqttClient[] = [];
    let problems: string[] = [];

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'moteware-shim-'));
      port = await freePort();
      ns = uniqueId('ns');
      problems = [];
      broker = await kind.start({ port });
    });
    afterEach(async () => {
      for (const shim of shims.splice(0)) shim.abort();
      for (const client of clients.splice(0)) client.close();
      await broker.close();
      rmSync(dir, { recursive: true, force: true });
    });

    const start = (options: Partial<ShimOptions> = {}) => {
      const shim = new Shim({
        brokerUrl: `mqtt://127.0.0.1:${port}`,
        ns,
        queueDir: join(dir, 'queue'),
        queueSync: 'os',
        graceSeconds: 0,
        backoff: { baseMs: 5, capMs: 40 },
        onProblem: (error) => problems.push(error.code),
        ...options,
      });
      shims.push(shim);
      return shim;
    };
    const listen = async (options = {}) => {
      const inbox = new Inbox();
      const client = await connected(broker.url, options);
      clients.push(client);
      await client.subscribe({ filter: `${ns}/d/#`, qos: 1 }, inbox.push);
      return { inbox, client };
    };
    const state = (online: boolean) => (messages: Received[]) =>
      on(messages, 's').some((m) => decodeState(m.payload).online === online);

    it('publishes the messages of a node, with CloudEvents attributes', async () => {
      const { inbox } = await listen();
      const node = new FakeNode('pump-7');
      node.plug(start());
      node.telemetry(4);
      node.event(5);
      await inbox.until((m) => on(m, 'e').length === 1);
      const status = {
        type: 'ota' as const,
        state: 'refused' as const,
        sequence: 3,
        sha256: new Uint8Array(32),
        received: 0,
        total: 9,
      };
      node.send({ ...status, reason: { code: 'X', text: 'no' } });
      await inbox.until((m) => on(m, 'ota').length === 1);
      node.send({ type: 'log', level: 'warn', tMs: 1_790_000_000_000, text: 'hot' });
      const messages = await inbox.until((m) => on(m, 'log').length === 1);
      const by = (channel: string) => on(messages, channel)[0]!;
      expect(decodeState(by('s').payload)).toEqual({ online: true, node: 'pump-7', boot: 1, birth: node.birth });
      expect(decodeTelemetry(by('t').payload)).toMatchObject({ metric: 0, values: [4, 5], seq: 4, exponent: -2 });
      expect(by('t').properties).toEqual({
        contentType: 'application/cbor',
        expirySeconds: 86_400,
        userProperties: {
          specversion: '1.0',
          id: '1-t-4',
          source: `/${ns}/d/pump-7`,
          type: 'moteware.telemetry.v1',
          subject: 'temperature',
          time: '2026-09-21T14:13:24.000Z',
        },
      });
      expect(decodeEvent(by('e').payload)).toEqual({ name: 'count', tMs: 1_790_000_000_005, seq: 5, body: 5 });
      expect(by('e').properties.userProperties).toMatchObject({
        id: '1-e-5',
        type: 'moteware.event.v1',
        subject: 'count',
      });
      expect(decodeOta(by('ota').payload)).toEqual({ ...status, reason: { code: 'X', text: 'no' } });
      expect(decodeLog(by('log').payload)).toMatchObject({ level: 'warn', tMs: 1_790_000_000_000, text: 'hot' });
      expect([by('t').qos, by('e').qos, by('s').qos, by('log').qos, by('ota').qos]).toEqual([1, 1, 1, 0, 1]);
      expect(problems).toEqual([]);
    });

    it('reports a node as offline: when its link ends, when the shim closes, and when the shim dies', async () => {
      const { inbox } = await listen();
      const node = new FakeNode('a');
      const shim = start();
      node.plug(shim);
      await inbox.until(state(true));
      node.cut();
      await inbox.until(state(false));
      expect(decodeState(on(inbox.messages, 's').at(-1)!.payload).birth?.node).toBe('a');
      inbox.messages.length = 0;
      node.plug(shim);
      await inbox.until(state(true));
      await shim.close();
      await inbox.until(state(false));
      inbox.messages.length = 0;
      const second = start();
      node.plug(second);
      await inbox.until(state(true));
      second.abort();
      await inbox.until(state(false));
      const late = await listen();
      await late.inbox.count(1);
      expect(late.inbox.messages[0]).toMatchObject({ topic: `${ns}/d/a/s`, retain: true });
      expect(decodeState(late.inbox.messages[0]!.payload)).toEqual({ online: false, node: 'a', boot: 0, birth: null });
    });

    it('reports a node as online again after the broker published the will', async () => {
      const { inbox } = await listen();
      const cable = new Cable(port);
      const node = new FakeNode('a');
      node.plug(start({ brokerUrl: `mqtt://127.0.0.1:${await cable.listen()}` }));
      await inbox.until(state(true));
      cable.pull();
      await inbox.until(state(false));
      inbox.messages.length = 0;
      cable.plug();
      await inbox.until(state(true));
      expect(decodeState(on(inbox.messages, 's').at(-1)!.payload).birth).toEqual(node.birth);
      cable.close();
    });

    it('loses no event and keeps their order while the broker stops in mid-stream and starts again', async () => {
      const cable = new Cable(port);
      const shim = start({ brokerUrl: `mqtt://127.0.0.1:${await cable.listen()}` });
      const node = new FakeNode('a');
      node.plug(shim);
      let { inbox, client } = await listen();
      const all: Received[] = [];
      for (const round of range(4)) {
        for (const i of range(300)) node.event(round * 300 + i);
        await inbox.until((m) => on(m, 'e').length >= 30);
        cable.pull();
        // When a message has gone the whole way, everything that the broker accepted before has too.
        await client.publish(`${ns}/d/end`, bytes('end'), { qos: 1 });
        await inbox.until((m) => on(m, 'end').length === 1);
        all.push(...inbox.messages);
        client.close();
        await broker.close();
        broker = await kind.start({ port });
        ({ inbox, client } = await listen());
        cable.plug();
      }
      await inbox.until((m) => events(m).includes(1199));
      all.push(...inbox.messages);
      expect(events(all)).toEqual(range(1200));
      expect(shim.nodes()[0]!.mqtt).toMatchObject({ lost: 0, refused: 0, connects: 5 });
      cable.close();
    });

    it('delivers the messages on disk after the shim was killed, even if the node does not reconnect', async () => {
      await broker.close();
      const node = new FakeNode('a');
      const first = start();
      node.plug(first);
      for (const i of range(300)) node.event(i);
      await new Promise<void>((resolve) => {
        const look = () => (first.nodes()[0] && node.link.queued === 0 ? resolve() : void setImmediate(look));
        look();
      });
      expect(first.nodes()[0]!.mqtt.waiting).toBe(301);
      first.abort();
      broker = await kind.start({ port });
      const { inbox } = await listen();
      start();
      await inbox.until((m) => events(m).length === 300 && state(false)(m));
      expect(events(inbox.messages)).toEqual(range(300));
    });

    it('accepts unacknowledged events again from a node, with the same ids', async () => {
      const { inbox } = await listen();
      const shim = start();
      const node = new FakeNode('a');
      for (const i of range(20)) node.event(i);
      for (const _ of range(5)) {
        node.plug(shim);
        await new Promise((resolve) => setImmediate(resolve));
        node.cut();
      }
      node.plug(shim);
      await inbox.until((m) => events(m).length === 20);
      expect(events(inbox.messages)).toEqual(range(20));
    });

    it('acknowledges nothing to a node whose birth it rejects, and receives its events when the node is allowed', async () => {
      const { inbox } = await listen();
      let allowed = false;
      const shim = start({ allowNode: () => allowed });
      const node = new FakeNode('late');
      node.plug(shim);
      for (const i of range(3)) node.event(i);
      await new Promise<void>((resolve) => {
        const look = () => (shim.stats.beforeBirth === 3 ? resolve() : void setImmediate(look));
        look();
      });
      expect(node.link.queued).toBe(4);
      allowed = true;
      node.cut();
      node.plug(shim);
      await inbox.until((m) => events(m).length === 3);
      expect(events(inbox.messages)).toEqual(range(3));
    });

    it('pauses the link when the queue is full of events, and loses none', async () => {
      await broker.close();
      const node = new FakeNode('a');
      const shim = start({ queueMaxBytes: 8000 });
      node.plug(shim);
      for (const i of range(400)) node.event(i);
      // The node's own queue keeps what the shim does not accept.
      await new Promise<void>((resolve) => {
        const look = () => ((shim.nodes()[0]?.mqtt.firmBytes ?? 0) > 6000 ? resolve() : void setImmediate(look));
        look();
      });
      broker = await kind.start({ port });
      const { inbox } = await listen();
      await inbox.until((m) => events(m).includes(399));
      expect(shim.nodes()[0]!.mqtt.refused).toBe(0);
      const got = events(inbox.messages).map(Number);
      // The first ones may have been delivered before this reader subscribed.
      expect(got).toEqual(range(400).slice(400 - got.length));
    });

    it('sends a configuration and a command to the node, and publishes the answer', async () => {
      const { inbox, client } = await listen();
      await client.publish(`${ns}/d/a/cfg`, bytes('{"threshold":200,"gain":-2}'), { qos: 1, retain: true });
      const node = new FakeNode('a');
      node.onMessage = (message) => {
        if (message.type === 'command')
          node.send({ type: 'result', id: message.id, ok: true, reason: { code: '', text: 'done' } });
      };
      node.plug(start());
      await inbox.until(state(true));
      const answers = new Inbox();
      await client.subscribe({ filter: `${ns}/answers`, qos: 1 }, answers.push);
      const properties = { responseTopic: `${ns}/answers`, correlationData: bytes('c1') };
      await client.publish(`${ns}/d/a/cmd`, bytes('{"name":"blink","id":7,"body":{"n":3}}'), { qos: 1, properties });
      const [answer] = await answers.count(1);
      expect(JSON.parse(answers.texts[0]!)).toEqual({ id: 7, name: 'blink', ok: true, text: 'done' });
      expect(Buffer.from(answer!.properties.correlationData!).toString()).toBe('c1');
      expect(node.received).toEqual([
        { type: 'config', values: { gain: -2, threshold: 200 } },
        { type: 'command', id: expect.any(Number), name: 'blink', body: Uint8Array.of(0xa1, 0x61, 0x6e, 3) },
      ]);
      // Without a response topic the answer is on `e`, in CBOR for a request in CBOR.
      await client.publish(
        `${ns}/d/a/cmd`,
        Uint8Array.of(0xa1, 0x64, 0x6e, 0x61, 0x6d, 0x65, 0x65, 0x6e, 0x6f, 0x6e, 0x6f, 0x70),
        { qos: 1 },
      );
      await inbox.until((m) => on(m, 'e').length === 1);
      expect(on(inbox.messages, 'e')[0]!.properties.userProperties).toMatchObject({ type: 'moteware.result.v1' });
    });

    it('answers a command on no topic of a node, whatever its response topic is', async () => {
      const { inbox, client } = await listen();
      const node = new FakeNode('a');
      node.plug(start());
      await inbox.until(state(true));
      for (const responseTopic of [`${ns}/d/b/desired`, `${ns}/d/a/cfg`, '$SYS/x']) {
        await client.publish(`${ns}/d/a/cmd`, bytes('{"name":"nope"}'), { qos: 1, properties: { responseTopic } });
      }
      await inbox.until((m) => on(m, 'e').length === 3);
      expect(inbox.messages.filter((m) => /b\/desired|a\/cfg/.test(m.topic))).toEqual([]);
    });

    it('survives hostile payloads on cmd, cfg and desired, reports them in the log, and continues', async () => {
      const { inbox, client } = await listen();
      const node = new FakeNode('a');
      const shim = start();
      node.plug(shim);
      await inbox.until(state(true));
      const hostile = [
        bytes('{'),
        bytes('[1,2]'),
        bytes('{"name":""}'),
        bytes(`{"name":"${'x'.repeat(65)}"}`),
        bytes(`{"name":"a","body":${'['.repeat(3000)}${']'.repeat(3000)}}`),
        bytes('{"threshold":1.5}'),
        bytes('{"__proto__":{"x":1},"":1}'),
        Uint8Array.of(0x9b, 255, 255, 255, 255, 255, 255, 255, 255),
        Uint8Array.of(0xbf, 0xff),
        new Uint8Array(20_000).fill(0x81),
        Uint8Array.of(0xd8, 0x40, 0x41, 0),
      ];
      for (const channel of ['cmd', 'cfg', 'desired']) {
        for (const payload of hostile) await client.publish(`${ns}/d/a/${channel}`, payload, { qos: 1 });
      }
      const heard = new Promise<void>((resolve) => {
        node.onMessage = (m) => void (m.type === 'config' && m.values.fine === 1 && resolve());
      });
      await Promise.all([heard, client.publish(`${ns}/d/a/cfg`, bytes('{"fine":1}'), { qos: 1 })]);
      expect(problems).not.toContain('DEFECT');
      expect(problems.length).toBeGreaterThan(25);
      await inbox.until((m) => on(m, 'ota').length === hostile.length);
      const refused = on(inbox.messages, 'ota').map((m) => decodeOta(m.payload).state);
      expect(refused).toEqual(hostile.map(() => 'refused'));
      expect(on(inbox.messages, 'log').length).toBeGreaterThan(20);
      expect(node.received.filter((m) => m.type === 'command')).toEqual([]);
    });

    it('rejects names that would reach other topics, and messages before the birth', async () => {
      const { inbox } = await listen();
      const shim = start({ allowNode: (id) => id !== 'bad' });
      for (const id of [
        '+',
        '#',
        'a/b',
        'a b',
        '..',
        'ä',
        'bad',
        'x'.repeat(64).concat('y').slice(0, 64).replace(/x$/, '+'),
      ]) {
        const node = new FakeNode(id);
        node.plug(shim);
        node.event(1);
      }
      const mute = new FakeNode('mute');
      mute.mute = true;
      mute.plug(shim);
      mute.event(1);
      const good = new FakeNode('good');
      good.plug(shim);
      good.event(2);
      await inbox.until((m) => on(m, 'e').length === 1);
      await new Promise<void>((resolve) => {
        const look = () =>
          shim.stats.refusedBirths === 8 && shim.stats.beforeBirth === 9 ? resolve() : void setImmediate(look);
        look();
      });
      expect(new Set(inbox.messages.map((m) => m.topic.split('/').at(-2)))).toEqual(new Set(['good']));
    });

    it('pushes a package that a node accepts, and reports each step', async () => {
      const node = new FakeNode('a');
      node.plug(start());
      const pkg = somePackage(2);
      const states: string[] = [];
      const result = await pushPackage({
        brokerUrl: broker.url,
        ns,
        node: 'a',
        bytes: pkg,
        onStatus: (s) => states.push(s.state),
      });
      expect(result.state).toBe('confirmed');
      expect([...new Set(states)]).toEqual(['receiving', 'verifying', 'swapping', 'trial', 'confirmed']);
      expect(node.slots.active()).toMatchObject({ sequence: 2, state: 'confirmed', total: pkg.length });
      // The same package again is confirmed at once without a transfer.
      const before = node.offsets.length;
      expect((await pushPackage({ brokerUrl: broker.url, ns, node: 'a', bytes: pkg })).state).toBe('confirmed');
      expect(node.offsets.length).toBe(before);
    });

    it('reports that a package was rolled back or refused, with the reason', async () => {
      const node = new FakeNode('a');
      node.healthy = false;
      node.plug(start());
      const rolled = await pushPackage({ brokerUrl: broker.url, ns, node: 'a', bytes: somePackage(2) });
      expect(rolled).toMatchObject({ state: 'rolledback', status: { reason: { code: 'TRAP_FUEL' } } });
      const refused = await pushPackage({ brokerUrl: broker.url, ns, node: 'a', bytes: bytes('no package') });
      expect(refused.state).toBe('refused');
    });

    it('keeps a package desired for a node that is not connected yet', async () => {
      const pkg = somePackage(3);
      const attempt = pushPackage({ brokerUrl: broker.url, ns, node: 'late', bytes: pkg, timeoutMs: 30 });
      await expect(attempt).rejects.toThrow(/never been seen.*stays desired/);
      const node = new FakeNode('late');
      const { inbox } = await listen();
      node.plug(start());
      await inbox.until((m) => on(m, 'ota').some((o) => decodeOta(o.payload).state === 'confirmed'));
      expect(node.slots.active()).toMatchObject({ sequence: 3 });
    });

    it('resumes a transfer after the link was cut, the node restarted and the shim was killed', async () => {
      const node = new FakeNode('a');
      let shim = start();
      node.plug(shim);
      const pkg = somePackage(4, 100_000);
      let left = 3;
      const confirmed = new Promise<void>((resolve) => {
        node.onMessage = (message) => {
          if (node.slots.active()?.state === 'confirmed') resolve();
          if (message.type !== 'chunk' || node.offsets.length % 12 !== 0 || left === 0) return;
          left--;
          setImmediate(() => {
            if (left === 2) {
              node.cut();
              node.plug(shim);
            } else if (left === 1) {
              node.cut();
              node.restart();
              node.plug(shim);
            } else {
              shim.abort();
              node.cut();
              shim = start();
              node.plug(shim);
            }
          });
        };
      });
      const client = await connected(broker.url);
      clients.push(client);
      await client.publish(`${ns}/d/a/desired`, pkg, { qos: 1, retain: true });
      await confirmed;
      expect(left).toBe(0);
      expect(node.slots.active()).toMatchObject({ sequence: 4, total: pkg.length });
      // It does not restart: each of the three repeats at most a window and a flash page.
      expect(node.offsets.length * 2048).toBeLessThan(pkg.length + 3 * (8 * 2048 + 2 * 4096));
    });
  });
}
