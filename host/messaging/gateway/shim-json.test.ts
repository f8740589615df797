/** A shim that also publishes JSON, on real brokers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Birth } from '../../device/link/index.ts';
import type { Broker } from '../broker/broker.ts';
import { brokerKinds } from '../broker/testing.ts';
import type { MqttClient } from '../mqtt/client.ts';
import { connected, Inbox } from '../mqtt/testing.ts';
import { FakeNode } from './fake-node.ts';
import { Shim } from './shim.ts';
import type { ShimOptions } from './shim-options.ts';

for (const kind of brokerKinds) {
  describe.skipIf(!kind.available)(`a shim with JSON on ${kind.name}`, () => {
    let dir: string;
    let broker: Broker;
    let client: MqttClient;
    let inbox: Inbox;
    const shims: Shim[] = [];
    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'moteware-json-'));
      broker = await kind.start();
      client = await connected(broker.url);
      inbox = new Inbox();
      await client.subscribe({ filter: '#', qos: 1 }, inbox.push);
    });
    afterEach(async () => {
      for (const shim of shims.splice(0)) shim.abort();
      client.close();
      await broker.close();
      rmSync(dir, { recursive: true, force: true });
    });

    const start = (options: Partial<ShimOptions> = {}) => {
      const shim = new Shim({
        brokerUrl: broker.url,
        queueDir: join(dir, 'queue'),
        queueSync: 'os',
        graceSeconds: 0,
        backoff: { baseMs: 5, capMs: 40 },
        json: { discovery: 'ha' },
        ...options,
      });
      shims.push(shim);
      return shim;
    };
    const json = (topic: string) =>
      inbox.messages
        .filter((message) => message.topic === topic && message.payload.length > 0)
        .map(({ payload }) => JSON.parse(Buffer.from(payload).toString()));
    const gatewayTopics = () => [
      ...new Set(inbox.messages.map(({ topic }) => topic).filter((topic) => topic.startsWith('mote/gateway/'))),
    ];
    const gateway = (online: boolean) =>
      inbox.until(() => gatewayTopics().some((topic) => json(topic).at(-1).online === online));
    const seen = (topic: string) => inbox.until((all) => all.some((message) => message.topic === topic));

    it.each([0, 1] as const)('publishes JSON beside CBOR, telemetry with QoS %i', async (telemetryQos) => {
      const node = new FakeNode('a');
      node.plug(start({ telemetryQos }));
      await seen('mote/json/a/state');
      node.telemetry(1);
      node.event(2);
      const wanted = ['mote/d/a/t', 'mote/d/a/e', 'mote/json/a/metric/temperature', 'mote/json/a/event/count'];
      await inbox.until((all) => wanted.every((topic) => all.some((message) => message.topic === topic)));
      const of = (topic: string) => inbox.messages.find((message) => message.topic === topic)!;
      const event = of('mote/json/a/event/count');
      expect(event.properties).toMatchObject({ contentType: 'application/json' });
      expect(json(event.topic)[0]).toMatchObject({ event_type: 'count', body: 2, seq: 2 });
      expect(of('mote/json/a/metric/temperature').qos).toBe(telemetryQos);
      await seen('ha/event/mote_a/count/config');
      const retained = new Inbox();
      const late = await connected(broker.url);
      await late.subscribe({ filter: 'ha/#', qos: 1 }, retained.push);
      await retained.until((all) => all.length === 3);
      late.close();
    });

    it('names a topic that the broker sets to offline when the gateway dies, and that is the same in its next run', async () => {
      const node = new FakeNode('a');
      const first = start();
      node.plug(first);
      await gateway(true);
      await seen('ha/sensor/mote_a/temperature/config');
      const [topic] = gatewayTopics();
      const [state] = json('mote/json/a/state');
      expect(state).toMatchObject({ online: true, gateway: topic });
      const [config] = json('ha/sensor/mote_a/temperature/config');
      expect(config.availability.map((one: { topic: string }) => one.topic)).toEqual(['mote/json/a/state', topic]);
      first.abort();
      await gateway(false);
      expect(json('mote/json/a/state').at(-1).online).toBe(true);
      start();
      await gateway(true);
      await inbox.until(() => json('mote/json/a/state').at(-1).online === false);
      expect(gatewayTopics()).toEqual([topic]);
    });

    it('reports itself as offline when it is closed', async () => {
      const shim = start();
      await gateway(true);
      await shim.close();
      await gateway(false);
      const retained = new Inbox();
      const late = await connected(broker.url);
      await late.subscribe({ filter: 'mote/gateway/#', qos: 1 }, retained.push);
      const [message] = await retained.count(1);
      expect(Buffer.from(message!.payload).toString()).toBe('{"online":false}');
      late.close();
    });

    it("removes the entities of an earlier run's module", async () => {
      const earlier = new FakeNode('a');
      const old: Birth = { ...earlier.birth, commands: ['gone'], metrics: [{ name: 'old', unit: 'V', exponent: 0 }] };
      Object.defineProperty(earlier, 'birth', { value: old });
      const first = start();
      earlier.plug(first);
      await seen('ha/button/mote_a/gone/config');
      await seen('ha/sensor/mote_a/old/config');
      first.abort();
      const node = new FakeNode('a');
      node.plug(start());
      const removed = () => inbox.messages.filter(({ topic, payload }) => topic.startsWith('ha/') && !payload.length);
      await inbox.until(() => removed().length === 2);
      expect(
        removed()
          .map(({ topic }) => topic)
          .sort(),
      ).toEqual(['ha/button/mote_a/gone/config', 'ha/sensor/mote_a/old/config']);
    });
  });
}
