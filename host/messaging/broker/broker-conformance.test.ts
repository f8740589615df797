/** Every feature of a broker that the product uses, on each broker that it supports. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MqttClient } from '../mqtt/client.ts';
import type { ClientOptions } from '../mqtt/options.ts';
import { bytes, connected, Inbox, uniqueId } from '../mqtt/testing.ts';
import type { Received, Subscription } from '../mqtt/types.ts';
import type { Broker } from './broker.ts';
import { brokerKinds } from './testing.ts';

for (const kind of brokerKinds) {
  describe.skipIf(!kind.available)(`broker: ${kind.name}`, () => {
    let broker: Broker;
    const clients: MqttClient[] = [];
    beforeAll(async () => {
      broker = await kind.start();
    });
    afterAll(async () => {
      for (const client of clients) client.close();
      await broker.close();
    });
    const open = async (options: Partial<ClientOptions> = {}) => {
      const client = await connected(broker.url, options);
      clients.push(client);
      return client;
    };
    const listen = async (filter: string, options: Partial<ClientOptions> = {}, more: Partial<Subscription> = {}) => {
      const inbox = new Inbox();
      const client = await open(options);
      await client.subscribe({ filter, qos: 1, ...more }, inbox.push);
      return { client, inbox };
    };

    it('keeps a retained package of 60 KB with its properties for a node that connects later', async () => {
      const topic = `${uniqueId('retained')}/desired`;
      const payload = randomBytes(60_000);
      const properties = {
        contentType: 'application/suit-envelope+cose',
        userProperties: { id: 'p1', source: 'mote push', type: 'package' },
      };
      const sender = await open();
      await sender.publish(topic, payload, { qos: 1, retain: true, properties });
      const { inbox } = await listen(topic);
      const [message] = await inbox.count(1);
      expect(Buffer.compare(message!.payload, payload)).toBe(0);
      expect(message).toMatchObject({ retain: true, qos: 1, properties });
      // An empty one deletes it.
      await sender.publish(topic, new Uint8Array(0), { qos: 1, retain: true });
      const later = await listen(topic);
      await sender.publish(topic, bytes('live'), { qos: 1 });
      await later.inbox.count(1);
      expect(later.inbox.texts).toEqual(['live']);
    });

    it('carries every property of a message unchanged, at QoS 0 and 1', async () => {
      const topic = uniqueId('properties');
      const { inbox } = await listen(topic);
      const sender = await open();
      const properties = {
        contentType: 'application/cbor',
        responseTopic: 'answers/here',
        correlationData: Uint8Array.of(0, 1, 255),
        userProperties: { specversion: '1.0', id: 'ä€😀', twice: ['a', 'b'] },
        utf8: true,
      };
      for (const qos of [0, 1] as const) await sender.publish(topic, bytes(`q${qos}`), { qos, properties });
      const got = await inbox.count(2);
      for (const message of got) {
        const { correlationData, ...rest } = message.properties;
        expect(Uint8Array.from(correlationData!)).toEqual(properties.correlationData);
        expect(rest).toEqual({ ...properties, correlationData: undefined });
      }
      expect(got.map((m) => m.qos).sort()).toEqual([0, 1]);
    });

    it('publishes the will, retained, when the connection drops, and not after a clean end', async () => {
      const base = uniqueId('will');
      const { inbox } = await listen(`${base}/+/s`);
      const will = (name: string) => ({
        topic: `${base}/${name}/s`,
        payload: bytes('offline'),
        qos: 1 as const,
        retain: true,
        properties: { contentType: 'application/cbor', userProperties: { type: 'state' } },
      });
      const clean = await open({ will: will('clean') });
      clean.close();
      const killed = await open({ will: will('killed') });
      killed.abort();
      const wanted = await open({ will: will('wanted') });
      await inbox.count(1);
      wanted.close({ will: true });
      const got = await inbox.count(2);
      expect(got.map((m) => m.topic)).toEqual([`${base}/killed/s`, `${base}/wanted/s`]);
      expect(got[0]).toMatchObject({ properties: will('x').properties });
      const later = await listen(`${base}/killed/s`);
      expect((await later.inbox.count(1))[0]!.retain).toBe(true);
    });

    it('delays a will and drops it when the client reconnects in time', async () => {
      const topic = uniqueId('delay');
      const { inbox } = await listen(topic);
      const options = {
        clientId: uniqueId('delayed'),
        cleanStart: false,
        sessionExpirySeconds: 60,
        will: { topic, payload: bytes('gone'), qos: 1 as const, retain: false, properties: {}, delaySeconds: 1 },
      };
      const first = await open(options);
      first.abort();
      const second = await open(options);
      second.abort();
      const [message] = await inbox.count(1);
      expect(inbox.texts).toEqual(['gone']);
      expect(message!.properties).toEqual({});
    });

    it('keeps a session: messages of QoS 1 from the time of the disconnection arrive in order, once', async () => {
      const topic = uniqueId('session');
      const options = { clientId: uniqueId('sleeper'), cleanStart: false, sessionExpirySeconds: 300 };
      const { client } = await listen(topic, options);
      client.abort();
      const sender = await open();
      for (let i = 0; i < 200; i++) void sender.publish(topic, bytes(`${i}`), { qos: 1 });
      await sender.flushed();
      const inbox = new Inbox();
      const again = new MqttClient({ ...options, url: broker.url, onUnhandled: inbox.push });
      clients.push(again);
      expect((await again.connect()).sessionPresent).toBe(true);
      await inbox.count(200);
      expect(inbox.texts).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`));
    });

    it('sends a QoS 1 message again that was not acknowledged before the connection dropped', async () => {
      const topic = uniqueId('again');
      const options = { clientId: uniqueId('dropper'), cleanStart: false, sessionExpirySeconds: 300 };
      const client = await open(options);
      const first = new Inbox();
      await client.subscribe({ filter: topic, qos: 1 }, (message) => {
        first.push(message);
        return new Promise(() => {});
      });
      const sender = await open();
      await sender.publish(topic, bytes('important'), { qos: 1 });
      await first.count(1);
      client.abort();
      const inbox = new Inbox();
      const again = new MqttClient({ ...options, url: broker.url, onUnhandled: inbox.push });
      clients.push(again);
      await again.connect();
      const [message] = await inbox.count(1);
      expect(message).toMatchObject({ dup: expect.any(Boolean), qos: 1 });
      expect(inbox.texts).toEqual(['important']);
    });

    it('keeps the order of a thousand messages of one topic, at QoS 0 and 1', async () => {
      for (const qos of [0, 1] as const) {
        const topic = uniqueId('order');
        const { inbox } = await listen(topic);
        const sender = await open();
        for (let i = 0; i < 1000; i++) void sender.publish(topic, bytes(`${i}`), { qos });
        await inbox.count(1000);
        expect(inbox.texts).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
      }
    });

    it('accepts topic aliases: the topic is sent once', async () => {
      const topic = `${uniqueId('alias')}/${'long'.repeat(50)}`;
      const { inbox } = await listen(topic);
      const sender = await open({ topicAliasMaximum: 4 });
      expect(sender.limits!.topicAliasMaximum).toBeGreaterThan(0);
      for (let i = 0; i < 20; i++) void sender.publish(topic, bytes(`${i}`), { qos: i % 2 === 0 ? 0 : 1 });
      const got = await inbox.count(20);
      expect(new Set(got.map((m) => m.topic))).toEqual(new Set([topic]));
    });

    it('lets a message expire, and forwards the remaining lifetime', async () => {
      const topic = uniqueId('expiry');
      const sender = await open();
      await sender.publish(`${topic}/long`, bytes('long'), {
        qos: 1,
        retain: true,
        properties: { expirySeconds: 100 },
      });
      await sender.publish(`${topic}/short`, bytes('short'), {
        qos: 1,
        retain: true,
        properties: { expirySeconds: 1 },
      });
      const early = await listen(`${topic}/#`);
      await early.inbox.count(2);
      // The test does not control the broker's clock: it asks for the retained messages until the short one is gone, and
      // a second of the long one's lifetime has passed.
      const retained = async () => {
        const { client, inbox } = await listen(`${topic}/#`);
        await sender.publish(`${topic}/end`, bytes('end'), { qos: 1 });
        while (inbox.texts.at(-1) !== 'end') await inbox.count(inbox.messages.length + 1);
        client.close();
        return inbox.messages;
      };
      let late = await retained();
      while (late.length > 2 || late[0]!.properties.expirySeconds === 100) late = await retained();
      expect(late.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['long', 'end']);
      expect(late[0]!.properties.expirySeconds).toBeGreaterThan(90);
      expect(late[0]!.properties.expirySeconds).toBeLessThan(100);
    });

    it('carries a package of 1 MB', async () => {
      const topic = uniqueId('large');
      const { inbox } = await listen(topic);
      const payload = randomBytes(1_000_000);
      await (await open()).publish(topic, payload, { qos: 1 });
      expect(Buffer.compare((await inbox.count(1))[0]!.payload, payload)).toBe(0);
    });

    it('stops delivering after an unsubscribe', async () => {
      const topic = uniqueId('unsubscribe');
      const { client, inbox } = await listen(`${topic}/a`);
      await client.subscribe({ filter: `${topic}/b`, qos: 1 }, inbox.push);
      await client.unsubscribe(`${topic}/a`);
      const sender = await open();
      await sender.publish(`${topic}/a`, bytes('a'), { qos: 1 });
      await sender.publish(`${topic}/b`, bytes('b'), { qos: 1 });
      await inbox.count(1);
      expect(inbox.texts).toEqual(['b']);
    });

    it('disconnects the older of two clients with one id', async () => {
      const clientId = uniqueId('twin');
      let told: (code: string) => void = () => {};
      const takenOver = new Promise<string>((resolve) => {
        told = resolve;
      });
      const first = await open({ clientId, backoff: { baseMs: 1, capMs: 600_000 }, onOffline: (e) => told(e.code) });
      await open({ clientId });
      expect(await takenOver).toBe(kind.givesReason ? 'MQTT_TAKEN_OVER' : 'MQTT_CLOSED');
      expect(first.state).toBe('waiting');
    });

    it("never has more in flight than the client's receive maximum", async () => {
      const topic = uniqueId('window');
      const sender = await open();
      const client = await open({ receiveMaximum: 3 });
      const inbox = new Inbox();
      let open_ = 0;
      let most = 0;
      await client.subscribe({ filter: topic, qos: 1 }, async (message: Received) => {
        most = Math.max(most, ++open_);
        await new Promise((resolve) => setImmediate(resolve));
        open_--;
        inbox.push(message);
      });
      for (let i = 0; i < 100; i++) void sender.publish(topic, bytes(`${i}`), { qos: 1 });
      await inbox.count(100);
      expect(most).toBeLessThanOrEqual(3);
      expect(client.stats.connects).toBe(1);
      expect(inbox.texts).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
    });

    it('skips a message that is larger than the client accepts, and continues', async () => {
      const topic = uniqueId('size');
      const { inbox, client } = await listen(topic, { maximumPacketBytes: 2000 });
      const sender = await open();
      await sender.publish(topic, new Uint8Array(5000), { qos: 1 });
      await sender.publish(topic, bytes('small'), { qos: 1 });
      await inbox.count(1);
      expect(inbox.texts).toEqual(['small']);
      expect(client.stats.connects).toBe(1);
    });

    it('does not return a message to its publisher when that asks for it', async () => {
      const topic = uniqueId('local');
      const { client, inbox } = await listen(topic, {}, { noLocal: true });
      await client.publish(topic, bytes('mine'), { qos: 1 });
      await (await open()).publish(topic, bytes('other'), { qos: 1 });
      await inbox.count(1);
      expect(inbox.texts).toEqual(['other']);
    });

    it('sends retained messages of a subscription that the session has only if that is asked for', async () => {
      const topic = uniqueId('again');
      const sender = await open();
      await sender.publish(topic, bytes('state'), { qos: 1, retain: true });
      for (const [retainHandling, expected] of [
        [0, ['state', 'state', 'end']],
        [1, ['state', 'end']],
      ] as const) {
        const session = { clientId: uniqueId('again'), cleanStart: false, sessionExpirySeconds: 60 };
        const first = await listen(topic, session, { retainHandling });
        await first.inbox.count(1);
        first.client.close();
        const second = await listen(topic, session, { retainHandling });
        await sender.publish(topic, bytes('end'), { qos: 1 });
        await second.inbox.until((messages) =>
          messages.some(({ payload }) => Buffer.from(payload).toString() === 'end'),
        );
        expect([...first.inbox.texts, ...second.inbox.texts]).toEqual(expected);
        second.client.close();
      }
    });

    it('keeps retained messages over a restart when it has a folder', async () => {
      const dir = mkdtempSync(join(tmpdir(), 'moteware-broker-'));
      const topic = uniqueId('kept');
      const one = await kind.start({ dir });
      const properties = { contentType: 'x/y', userProperties: { id: '1' } };
      const sender = await connected(one.url);
      await sender.publish(topic, bytes('state'), { qos: 1, retain: true, properties });
      sender.close();
      await one.close();
      const two = await kind.start({ dir });
      const inbox = new Inbox();
      const reader = await connected(two.url);
      await reader.subscribe({ filter: topic, qos: 1 }, inbox.push);
      expect((await inbox.count(1))[0]).toMatchObject({ retain: true, properties });
      reader.close();
      await two.close();
      rmSync(dir, { recursive: true, force: true });
    });

    it('ends its connections when it stops', async () => {
      const own = await kind.start();
      let told: (code: string) => void = () => {};
      const reason = new Promise<string>((resolve) => {
        told = resolve;
      });
      const client = await connected(own.url, { onOffline: (e) => told(e.code) });
      await client.publish('a', bytes('b'), { qos: 1 });
      await own.close();
      expect(await reason).toBe(kind.givesReason ? 'MQTT_SHUTTING_DOWN' : 'MQTT_CLOSED');
      client.close();
    });
  });
}
