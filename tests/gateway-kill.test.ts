/** A gateway, as a process, that is killed at random moments while a node sends events. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cases, casesText } from '../host/base/test-form.ts';
import { connectTcp } from '../host/device/link/index.ts';
import { type Broker, startEmbeddedBroker } from '../host/messaging/broker/index.ts';
import { FakeNode } from '../host/messaging/gateway/fake-node.ts';
import { connected, Inbox } from '../host/messaging/mqtt/testing.ts';
import { decodeEvent } from '../host/messaging/topics/index.ts';
import { type Program, startMote } from './program.ts';

const KILLS = 100;
const random = (below: number): number => Math.floor(Math.random() * below);

let dir: string;
let broker: Broker;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-kill-'));
  broker = await startEmbeddedBroker({ port: 0 });
});
afterEach(async () => {
  await broker.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Starts a gateway; resolves when nodes can connect. */
async function gateway(): Promise<{ program: Program; port: number }> {
  const program = startMote(
    ['shim', '--broker', broker.url, '--listen', '127.0.0.1:0', '--data', join(dir, 'data'), '--json'],
    dir,
  );
  const line = await program.line((text) => text.includes('"listening"'));
  return { program, port: Number(JSON.parse(line).port) };
}

describe('a gateway that is killed', () => {
  it(`at ${casesText(KILLS)} random moments loses no event and gives none a second id, in order`, async () => {
    const inbox = new Inbox();
    const reader = await connected(broker.url);
    await reader.subscribe({ filter: 'mote/d/press/e', qos: 1 }, inbox.push);
    const node = new FakeNode('press');
    let count = 0;
    for (let kill = 0; kill < cases(KILLS); kill++) {
      const { program, port } = await gateway();
      node.link.attach(await connectTcp(port));
      const before = inbox.messages.length;
      const fresh = random(60);
      for (let n = fresh; n > 0; n--) node.event(count++);
      // Some gateways end before they have anything, others in the midst of it, others after a while without work.
      await inbox.count(before + (random(3) === 0 ? 0 : Math.min(fresh, random(20))));
      for (let n = random(30); n > 0; n--) node.event(count++);
      await new Promise((resolve) => setTimeout(resolve, random(20)));
      program.kill('SIGKILL');
      await program.ended;
    }
    const { program, port } = await gateway();
    node.link.attach(await connectTcp(port));
    node.event(count++);
    const last = count - 1;
    await inbox.until((messages) => messages.length > 0 && decodeEvent(messages.at(-1)!.payload).seq === last);
    const idOf = new Map<number, Set<unknown>>();
    const order: number[] = [];
    for (const { payload, properties } of inbox.messages) {
      const { seq } = decodeEvent(payload);
      if (!idOf.has(seq)) order.push(seq);
      idOf.set(seq, (idOf.get(seq) ?? new Set()).add(properties.userProperties?.id));
    }
    expect(order).toEqual(Array.from({ length: count }, (_, i) => i));
    expect([...idOf.values()].filter(({ size }) => size > 1)).toEqual([]);
    reader.close();
    node.link.close();
    program.kill('SIGTERM');
    await program.ended;
  });
});
