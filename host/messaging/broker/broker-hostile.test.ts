import { connect } from 'node:net';
import mqtt from 'mqtt';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { expect, it } from 'vitest';
import { randomBelow } from '../../base/testing.ts';
import { bytes, connected, Inbox } from '../mqtt/testing.ts';
import { startEmbeddedBroker } from './broker.ts';

const seeds: Packet[] = [
  {
    cmd: 'connect',
    clientId: 'x',
    protocolVersion: 5,
    protocolId: 'MQTT',
    clean: false,
    keepalive: 5,
    properties: { receiveMaximum: 3, maximumPacketSize: 500, sessionExpiryInterval: 1, topicAliasMaximum: 3 },
    will: { topic: 'w', payload: Buffer.from('w'), qos: 1, retain: true, properties: { willDelayInterval: 1 } },
  },
  {
    cmd: 'publish',
    topic: 'a/b',
    payload: 'hello',
    qos: 1,
    dup: false,
    retain: true,
    messageId: 5,
    properties: { contentType: 'c', topicAlias: 1, messageExpiryInterval: 9, userProperties: { a: 'b' } },
  },
  { cmd: 'publish', topic: 'a/b', payload: 'two', qos: 2, dup: false, retain: false, messageId: 6 },
  {
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [{ topic: 'a/#', qos: 2, nl: true, rap: true, rh: 1 }],
    properties: { subscriptionIdentifier: 4 },
  },
  { cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['a/#'] },
  { cmd: 'puback', messageId: 1, reasonCode: 0x10 },
  { cmd: 'pubrec', messageId: 1, reasonCode: 0 },
  { cmd: 'pubrel', messageId: 6, reasonCode: 0 },
  { cmd: 'pubcomp', messageId: 1, reasonCode: 0 },
  { cmd: 'pingreq' },
  { cmd: 'disconnect', reasonCode: 4, properties: { sessionExpiryInterval: 2 } },
  { cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod: 'm' } },
];

it('the embedded broker rejects QoS 2 and announces it', async () => {
  const broker = await startEmbeddedBroker({ port: 0 });
  const other = await mqtt.connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
  const ended = new Promise<number | undefined>((resolve) =>
    other.on('disconnect', (packet) => resolve(packet.reasonCode)),
  );
  other.publish('a', 'x', { qos: 2 }, () => {});
  expect(await ended).toBe(0x9b);
  await other.endAsync(true);
  await broker.close();
});

it('the embedded broker serves others while hostile clients send it 100,000 packets, damaged ones among them', async () => {
  const broker = await startEmbeddedBroker({ port: 0 });
  const port = Number(new URL(broker.url).port);
  const packets = seeds.map((packet) => mqttPacket.generate(packet, { protocolVersion: 5 }));
  const random = randomBelow(31337);
  const inbox = new Inbox();
  const good = await connected(broker.url);
  await good.subscribe({ filter: 'good', qos: 1 }, inbox.push);
  // Each from an address of its own, because the broker serves an address slowly whose connections don't log in.
  const attack = (_: unknown, i: number) =>
    new Promise<void>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.1.${i + 1}` }, () => {
        const parts = random(10) === 0 ? [] : [packets[0]!];
        for (let i = 0; i < 25; i++) {
          const packet = Buffer.from(packets[random(packets.length)]!);
          // One damaged packet ends a connection. So most are whole, and the damaged one reaches the broker in various states.
          for (let n = random(12) === 0 ? 1 + random(3) : 0; n > 0; n--) packet[random(packet.length)] = random(256);
          parts.push(packet);
        }
        socket.end(Buffer.concat(parts));
      });
      socket.on('data', () => {});
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    });
  for (let round = 0; round < 100; round++) {
    await Promise.all(Array.from({ length: 40 }, attack));
    await good.publish('good', bytes(`${round}`), { qos: 1 });
  }
  await inbox.count(100);
  expect(inbox.texts).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
  good.close();
  await broker.close();
});
