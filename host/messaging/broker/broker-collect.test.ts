import mqtt from 'mqtt';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Message } from '../queue/index.ts';
import { type Broker, startEmbeddedBroker } from './broker.ts';

/** What the broker asked to be kept, each with what ends the wait. */
interface Asked {
  message: Message;
  keep(): void;
  refuse(error: Error): void;
}

let broker: Broker;
let asked: Asked[];
let onAsked: () => void;
const opened: mqtt.MqttClient[] = [];

beforeEach(async () => {
  asked = [];
  onAsked = () => {};
  broker = await startEmbeddedBroker({
    port: 0,
    collect: (message) =>
      new Promise((keep, refuse) => {
        asked.push({ message, keep, refuse });
        onAsked();
      }),
  });
});
afterEach(async () => {
  for (const client of opened.splice(0)) await client.endAsync(true);
  await broker.close();
});

async function connect(protocolVersion: 4 | 5 = 5): Promise<mqtt.MqttClient> {
  const client = await mqtt.connectAsync(broker.url, { protocolVersion, reconnectPeriod: 0 });
  opened.push(client);
  return client;
}
const next = () => new Promise<void>((resolve) => (onAsked = resolve));

it('acknowledges a message, and passes it on, when it is kept', async () => {
  const [sender, reader] = [await connect(), await connect()];
  const seen: string[] = [];
  await reader.subscribeAsync('plant/#', { qos: 1 });
  reader.on('message', (topic) => seen.push(topic));
  let acknowledged = false;
  const arrived = next();
  const userProperties = { id: 'e-1' };
  const sent = sender
    .publishAsync('plant/m7', 'x', { qos: 1, properties: { contentType: 'text/plain', userProperties } })
    .then(() => (acknowledged = true));
  await arrived;
  // A round trip behind it: an acknowledgement that was sent would have come.
  await sender.subscribeAsync('other');
  expect([acknowledged, seen]).toEqual([false, []]);
  const [{ message, keep }] = asked as [Asked];
  expect(message).toMatchObject({ topic: 'plant/m7', qos: 1, retain: false });
  expect(message.properties).toMatchObject({ contentType: 'text/plain', userProperties: { id: 'e-1' } });
  expect(Buffer.from(message.payload).toString()).toBe('x');
  keep();
  await sent;
  await expect.poll(() => seen).toEqual(['plant/m7']);
});

it('asks in the order in which a client has sent, before any is kept', async () => {
  const sender = await connect();
  const sent = Promise.all(['a', 'b', 'c'].map((topic) => sender.publishAsync(topic, 'x', { qos: 1 })));
  while (asked.length < 3) await next();
  expect(asked.map(({ message }) => message.topic)).toEqual(['a', 'b', 'c']);
  for (const { keep } of [...asked].reverse()) keep();
  await sent;
});

it.each([5, 4] as const)(
  'disconnects a client of version %i whose message is not kept, without an acknowledgement',
  async (version) => {
    const sender = await connect(version);
    const reasons: unknown[] = [];
    sender.on('disconnect', ({ reasonCode }) => reasons.push(reasonCode));
    const closed = new Promise((resolve) => sender.once('close', () => resolve('closed')));
    let acknowledged = false;
    const arrived = next();
    sender.publish('plant/m7', 'x', { qos: 1 }, (error) => {
      acknowledged = error == null;
    });
    await arrived;
    asked[0]!.refuse(new Error('the disk is full'));
    expect([await closed, acknowledged]).toEqual(['closed', false]);
    // Version 3.1.1 has no reasons.
    expect(reasons).toEqual(version === 5 ? [0x97] : []);
  },
);
