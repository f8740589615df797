import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { backgroundClock } from '../../base/index.ts';
import { nodeLink, shimLink } from './session.ts';
import { connectTcp, listenTcp } from './tcp.ts';

const session = { clock: backgroundClock, newSessionId: () => Math.floor(Math.random() * 2 ** 32) };

it('a session runs over TCP, and continues on the next connection when the first one ends', async () => {
  const got: number[] = [];
  let wake = () => {};
  const shim = shimLink({
    ...session,
    onMessage(message) {
      if (message.type === 'log') got.push(message.tMs);
      wake();
    },
  });
  const listener = await listenTcp(0, (transport) => shim.attach(transport));
  const ends: (() => void)[] = [];
  const node = nodeLink({ ...session, onMessage: () => {}, onDown: () => ends.shift()?.() });
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      wake = () => got.length >= count && resolve();
      wake();
    });
  node.attach(await connectTcp(listener.port));
  for (let n = 0; n < 20; n++) node.send({ type: 'log', level: 'info', tMs: n, text: 'x'.repeat(200) });
  await until(20);
  const ended = new Promise<void>((resolve) => ends.push(resolve));
  shim.detach();
  await ended;
  node.send({ type: 'log', level: 'info', tMs: 20, text: '' });
  node.attach(await connectTcp(listener.port));
  await until(21);
  expect(got).toEqual(Array.from({ length: 21 }, (_, i) => i));
  node.close();
  shim.close();
  await listener.close();
});

it('the error describes what to do when nothing listens and when the port is in use', async () => {
  const listener = await listenTcp(0, () => {});
  await expect(listenTcp(listener.port, () => {})).rejects.toMatchObject({
    code: 'LINK_LISTEN',
    message: expect.stringMatching(/^Can't listen at 127\.0\.0\.1:\d+ \(.*EADDRINUSE.*\); choose another port\.$/),
    cause: expect.objectContaining({ code: 'EADDRINUSE' }),
  });
  await listener.close();
  await expect(connectTcp(listener.port)).rejects.toMatchObject({
    code: 'LINK_CONNECT',
    message: expect.stringMatching(/^Nothing answers at 127\.0\.0\.1:\d+ \(.*\); is its gateway running\?$/),
    cause: expect.objectContaining({ code: 'ECONNREFUSED' }),
  });
});

it('disconnects a peer that sends requests and reads nothing', async () => {
  let waiting = 0;
  const ended = new Promise<void>((resolve, reject) => {
    listenTcp(0, (transport) => {
      let open = true;
      transport.onClose(() => {
        open = false;
        resolve();
      });
      const more = () => {
        for (let i = 0; i < 64 && open; i++) transport.write(new Uint8Array(65_536));
        waiting++;
        if (waiting > 16) reject(new Error('the peer was not disconnected'));
        else if (open) setImmediate(more);
      };
      more();
    }).then((listener) => {
      const socket = connect(listener.port).pause();
      socket.on('error', () => {});
      ended.finally(() => {
        socket.destroy();
        return listener.close();
      });
    }, reject);
  });
  await ended;
});

it('ends every connection with its listener, and a stream that ended reports this to a late listener', async () => {
  const hosts: string[] = [];
  const listener = await listenTcp(0, (transport, host) => {
    hosts.push(host);
    transport.write(Uint8Array.of(7));
  });
  const near = await connectTcp(listener.port);
  await new Promise<void>((resolve) =>
    near.onData((bytes) => {
      expect([...bytes]).toEqual([7]);
      resolve();
    }),
  );
  const ended = new Promise<void>((resolve) => near.onClose(resolve));
  await listener.close();
  await ended;
  near.write(Uint8Array.of(1));
  await new Promise<void>((resolve) => near.onClose(resolve));
  expect(hosts).toEqual(['127.0.0.1']);
});

it('sends what was written before it is closed', async () => {
  const received: number[] = [];
  let ended = () => {};
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const listener = await listenTcp(0, (transport) => {
    transport.onData((bytes) => received.push(bytes.length));
    transport.onClose(ended);
  });
  const near = await connectTcp(listener.port);
  near.write(new Uint8Array(1_000_000));
  near.close();
  await end;
  expect(received.reduce((sum, count) => sum + count, 0)).toBe(1_000_000);
  await listener.close();
});
