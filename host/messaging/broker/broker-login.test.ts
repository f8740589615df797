import { connect, type Socket } from 'node:net';
import mqttPacket from 'mqtt-packet';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { GatewayConstant } from '../../base/abi/index.ts';
import { VirtualClock } from '../../base/index.ts';
import { bytes, connected, Inbox } from '../mqtt/testing.ts';
import { type Broker, startEmbeddedBroker } from './broker.ts';

let clock: VirtualClock;
let broker: Broker;
const sockets: Socket[] = [];

beforeEach(async () => {
  clock = new VirtualClock();
  broker = await startEmbeddedBroker({ port: 0, clock, users: { ann: 'secret' } });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await broker.close();
});

/** A raw connection; `ended` resolves when the broker has ended it. */
const open = async () => {
  const socket = connect(Number(new URL(broker.url).port), '127.0.0.1');
  sockets.push(socket);
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => {});
  socket.resume();
  await new Promise<void>((resolve) => socket.on('connect', () => resolve()));
  return { socket, ended };
};
const login = () => connected(broker.url, { username: 'ann', password: 'secret' });
const hello = (extra: object = {}) =>
  mqttPacket.generate(
    { cmd: 'connect', clientId: 'x', protocolId: 'MQTT', protocolVersion: 5, clean: true, keepalive: 0, ...extra },
    { protocolVersion: 5 },
  );
const message = (payload: Buffer | string) =>
  mqttPacket.generate(
    { cmd: 'publish', topic: 'a', payload, qos: 0, dup: false, retain: false },
    { protocolVersion: 5 },
  );

it('ends a connection that announces a large packet before it has logged in', async () => {
  const { socket, ended } = await open();
  // A CONNECT of 12 MiB, of which the first bytes arrive.
  socket.write(Buffer.from('1080808006', 'hex'));
  await ended;
  const second = await open();
  clock.advance(20);
  second.socket.write(hello({ username: 'ann', password: Buffer.alloc(GatewayConstant.brokerConnectBytes) }));
  await second.ended;
});

it('ends a connection that has not logged in after 10 seconds, and no other', async () => {
  const { ended } = await open();
  const client = await login();
  const inbox = new Inbox();
  await client.subscribe({ filter: 'a', qos: 1 }, inbox.push);
  clock.advance(10_000);
  await ended;
  await client.publish('a', bytes('1'), { qos: 1 });
  await inbox.count(1);
  client.close();
});

it('reads what follows a CONNECT only when the client is accepted', async () => {
  const client = await login();
  const inbox = new Inbox();
  await client.subscribe({ filter: 'a', qos: 1 }, inbox.push);
  const good = await open();
  const large = Buffer.alloc(GatewayConstant.brokerConnectBytes * 4, 0x78);
  good.socket.write(Buffer.concat([hello({ username: 'ann', password: Buffer.from('secret') }), message(large)]));
  const [first] = await inbox.count(1);
  expect(first!.payload.length).toBe(large.length);
  const bad = await open();
  bad.socket.write(Buffer.concat([hello({ username: 'ann', password: Buffer.from('guess') }), message('no')]));
  await bad.ended;
  good.socket.write(message('yes'));
  await inbox.count(2);
  expect(inbox.texts[1]).toBe('yes');
  client.close();
});

it('lets clients in beside more waiting connections than it holds', async () => {
  const first = await open();
  for (let i = 0; i < GatewayConstant.brokerLogins; i++) await open();
  await first.ended;
  const client = await login();
  client.close();
});

it('serves an address slowly after a connection without a login, and no other', async () => {
  const answered: string[] = [];
  const knock = async (localAddress: string) => {
    const socket = connect({ port: Number(new URL(broker.url).port), host: '127.0.0.1', localAddress });
    sockets.push(socket);
    const answer = new Promise<void>((resolve) => {
      socket.once('data', () => {
        answered.push(localAddress);
        resolve();
      });
    });
    await new Promise<void>((resolve) => socket.on('connect', () => resolve()));
    socket.write(hello({ username: 'ann', password: Buffer.from('secret'), clientId: `c${sockets.length}` }));
    return { answer };
  };
  const stranger = await open();
  stranger.socket.write(message('not a CONNECT'));
  await stranger.ended;
  const slow = [await knock('127.0.0.1'), await knock('127.0.0.1')];
  await (await knock('127.0.0.2')).answer;
  expect(answered).toEqual(['127.0.0.2']);
  for (const { answer } of slow) {
    clock.advance(20);
    await answer;
    await (await knock('127.0.0.2')).answer;
  }
  expect(answered.map((address) => address.at(-1)).join('')).toBe('21212');
  for (let ms = 0; ms < 1000; ms += 20) clock.advance(20);
  await (await knock('127.0.0.1')).answer;
});
