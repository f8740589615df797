import { expect, it } from 'vitest';
import { cases, casesText } from '../../base/test-form.ts';
import { randomBelow } from '../../base/testing.ts';
import { decodePacket, encodePacket } from './packet.ts';
import { bytes } from './testing.ts';

it(`reads back every packet that it writes, and ${casesText(100_000)} damaged ones only as a packet or a MoteError`, () => {
  const good = encodePacket({
    type: 'publish',
    id: 9,
    dup: true,
    alias: 2,
    message: {
      topic: 'a/b/c',
      payload: bytes('payload'),
      qos: 1,
      retain: true,
      properties: { userProperties: { a: 'b' }, responseTopic: 'r', correlationData: bytes('c'), expirySeconds: 3 },
    },
  });
  expect(decodePacket(good)).toMatchObject({
    type: 'publish',
    id: 9,
    alias: 2,
    message: { topic: 'a/b/c', dup: true },
  });
  const random = randomBelow(7);
  let read = 0;
  for (let i = 0; i < cases(100_000); i++) {
    const packet = Buffer.from(good);
    for (let n = 1 + random(3); n > 0; n--) packet[random(packet.length)] = random(256);
    try {
      decodePacket(packet);
      read++;
    } catch (error) {
      if ((error as { name: string }).name !== 'MoteError') throw error;
    }
  }
  expect(read).toBeGreaterThan(cases(1000));
});
