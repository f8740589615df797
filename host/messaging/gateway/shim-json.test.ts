/** A shim that also publishes JSON, on a real broker. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Broker, startEmbeddedBroker } from '../broker/broker.ts';
import type { MqttClient } from '../mqtt/client.ts';
import { connected, Inbox } from '../mqtt/testing.ts';
import { FakeNode } from './fake-node.ts';
import { Shim } from './shim.ts';

let broker: Broker;
let shim: Shim;
let client: MqttClient;
beforeEach(async () => {
  broker = await startEmbeddedBroker({ port: 0 });
  client = await connected(broker.url);
});
afterEach(async () => {
  shim.abort();
  client.close();
  await broker.close();
});

it.each([0, 1] as const)('publishes JSON beside CBOR, telemetry with QoS %i', async (telemetryQos) => {
  const inbox = new Inbox();
  await client.subscribe({ filter: '#', qos: 1 }, inbox.push);
  shim = new Shim({ brokerUrl: broker.url, telemetryQos, json: { discovery: 'ha' } });
  const node = new FakeNode('a');
  node.plug(shim);
  await inbox.until((all) => all.some(({ topic }) => topic === 'mote/json/a/state'));
  node.telemetry(1);
  node.event(2);
  const wanted = ['mote/d/a/t', 'mote/d/a/e', 'mote/json/a/metric/temperature', 'mote/json/a/event/count'];
  await inbox.until((all) => wanted.every((topic) => all.some((message) => message.topic === topic)));
  const of = (topic: string) => inbox.messages.find((message) => message.topic === topic)!;
  const event = of('mote/json/a/event/count');
  expect(event.properties).toMatchObject({ contentType: 'application/json' });
  expect(JSON.parse(Buffer.from(event.payload).toString())).toMatchObject({ event_type: 'count', body: 2, seq: 2 });
  expect(of('mote/json/a/metric/temperature').qos).toBe(telemetryQos);
  await inbox.until((all) => all.some(({ topic }) => topic === 'ha/event/mote_a/count/config'));
  const retained = new Inbox();
  const late = await connected(broker.url);
  await late.subscribe({ filter: 'ha/#', qos: 1 }, retained.push);
  await retained.until((all) => all.length === 3);
  late.close();
});
