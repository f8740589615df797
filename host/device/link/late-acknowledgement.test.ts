/** Messages whose handlers take time, such as a sync of a disk: what isn't handled isn't acknowledged. */
import { beforeEach, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import type { Log } from './messages.ts';
import { transportPair } from './pair.ts';
import { type NodeLink, nodeLink, type ShimLink, shimLink } from './session.ts';

const log = (n: number): Log => ({ type: 'log', level: 'info', tMs: n, text: '' });

let clock: VirtualClock;
let node: NodeLink;
let shim: ShimLink;
let received: number[];
let settle: Map<number, () => void>;
/** Called in the handler of each message. */
let inHandler: () => void;
let session: number;

const newNode = () => nodeLink({ clock, newSessionId: () => session++, onMessage: () => {} });

function connect(): void {
  const pair = transportPair(clock, {}, () => 0.5);
  node.attach(pair.a);
  shim.attach(pair.b);
  clock.advance(1000);
}

beforeEach(() => {
  clock = new VirtualClock();
  received = [];
  settle = new Map();
  inHandler = () => {};
  session = 100;
  node = newNode();
  shim = shimLink({
    clock,
    newSessionId: () => session++,
    onMessage(message) {
      const number = message.type === 'log' ? message.tMs : -1;
      received.push(number);
      inHandler();
      if (number % 10 === 0) return;
      return new Promise((resolve) => settle.set(number, resolve));
    },
  });
  connect();
});

async function settled(...numbers: number[]): Promise<void> {
  for (const number of numbers) settle.get(number)!();
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(100);
}

it('acknowledges a message once its handler has ended, and those before it', async () => {
  for (const number of [10, 1, 20, 2, 3]) node.send(log(number));
  clock.advance(100);
  expect(received).toEqual([10, 1, 20, 2, 3]);
  expect(node.queued).toBe(4);
  await settled(3, 2);
  expect(node.queued).toBe(4);
  await settled(1);
  expect(node.queued).toBe(0);
});

it('does not acknowledge it by other packets, or by the answer to a repetition, and receives it once', async () => {
  inHandler = () => shim.send({ type: 'time', sentUs: 1, utcMs: 2 });
  node.send(log(1));
  clock.advance(100);
  shim.send({ type: 'time', sentUs: 1, utcMs: 2 });
  // The node sends it again and again.
  clock.advance(20_000);
  expect(node.queued).toBe(1);
  node.detach();
  connect();
  expect(node.queued).toBe(1);
  expect(received).toEqual([1]);
  await settled(1);
  expect(node.queued).toBe(0);
  expect(received).toEqual([1]);
});

it('does not acknowledge a message of a new peer when one of the peer before it is handled', async () => {
  node.send(log(1));
  clock.advance(100);
  node.close();
  node = newNode();
  connect();
  node.send(log(2));
  clock.advance(100);
  await settled(1);
  expect(node.queued).toBe(1);
  await settled(2);
  expect(node.queued).toBe(0);
});
