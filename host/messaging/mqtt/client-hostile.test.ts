/** The client against a broker that sends anything. */
import mqttPacket, { type Packet } from 'mqtt-packet';
import { expect, it } from 'vitest';
import { cases } from '../../base/test-form.ts';
import { randomBelow } from '../../base/testing.ts';
import { Inbox, setup } from './testing.ts';

it('never crashes, buffers no more than its maximum, and always comes back, whatever the broker sends', () => {
  const seeds: Packet[] = [
    {
      cmd: 'connack',
      reasonCode: 0,
      sessionPresent: false,
      properties: { receiveMaximum: 9, assignedClientIdentifier: 'x' },
    },
    {
      cmd: 'publish',
      topic: 'a/b',
      payload: 'hello',
      qos: 1,
      dup: false,
      retain: true,
      messageId: 5,
      properties: {
        contentType: 'c',
        topicAlias: 1,
        userProperties: { a: 'b', c: ['d', 'e'] },
        correlationData: Buffer.from('z'),
      },
    },
    { cmd: 'suback', messageId: 1, granted: [1] },
    { cmd: 'puback', messageId: 1, reasonCode: 0x10, properties: { reasonString: 'r' } },
    { cmd: 'disconnect', reasonCode: 0x8b, properties: { reasonString: 'bye', serverReference: 'x' } },
    { cmd: 'pingresp' },
    { cmd: 'unsuback', messageId: 1, granted: [0] },
  ];
  const packets = seeds.map((packet) => mqttPacket.generate(packet, { protocolVersion: 5 }));
  const random = randomBelow(99);
  const { client, wires, clock } = setup({ maximumPacketBytes: 4096, keepAliveSeconds: 0 });
  const inbox = new Inbox();
  void client.connect();
  void client.subscribe({ filter: '#', qos: 1 }, (message) => void (inbox.messages.length < 50 && inbox.push(message)));
  let online = 0;
  for (let i = 0; i < cases(100_000); i++) {
    const wire = wires.at(-1)!;
    if (wire.of('connect').length === 1 && client.state === 'connecting' && random(4) > 0) wire.accept();
    if (client.state === 'online') online++;
    const packet = Buffer.from(packets[random(packets.length)]!);
    for (let n = random(4); n > 0; n--) packet[random(packet.length)] = random(256);
    const cut = random(6) === 0 ? random(packet.length + 1) : packet.length;
    wire.raw(packet.subarray(0, cut));
    if (client.state === 'waiting') {
      clock.advance(60_000);
      wires.splice(0, wires.length - 1);
    }
    wires.at(-1)!.packets.splice(1);
  }
  expect(online).toBeGreaterThan(cases(20_000));
  expect(client.state).not.toBe('closed');
});
