/** A gateway among clients and nodes that mean it harm. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeEnvelope, parseEnvelope } from '../../device/package/suit.ts';
import { type Broker, startEmbeddedBroker } from '../broker/broker.ts';
import type { MqttClient } from '../mqtt/client.ts';
import { bytes, connected, Inbox } from '../mqtt/testing.ts';
import { decodeOta } from '../topics/payloads.ts';
import { FakeNode, somePackage } from './fake-node.ts';
import { Shim } from './shim.ts';
import type { ShimOptions } from './shim-options.ts';

/** A command whose body is a list of shared values that grows by 20 at each of 14 levels. */
function explosive(): Uint8Array {
  const shared = (id: number): string =>
    `d81c94${id === 14 ? '00' : shared(id + 1)}${`d81d${(id + 1).toString(16).padStart(2, '0')}`.repeat(19)}`;
  return Buffer.from(`a2646e616d65616164626f6479${shared(0)}`, 'hex');
}

let dir: string;
let broker: Broker;
let client: MqttClient;
let problems: string[];
const shims: Shim[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-hostile-'));
  problems = [];
  broker = await startEmbeddedBroker({ port: 0 });
  client = await connected(broker.url);
});
afterEach(async () => {
  for (const shim of shims.splice(0)) shim.abort();
  client.close();
  await broker.close();
  rmSync(dir, { recursive: true });
});

const start = (options: Partial<ShimOptions> = {}) => {
  const shim = new Shim({
    brokerUrl: broker.url,
    deadLetterDir: join(dir, 'dead-letters'),
    graceSeconds: 0,
    backoff: { baseMs: 5, capMs: 40 },
    onProblem: (error) => problems.push(error.code),
    ...options,
  });
  shims.push(shim);
  return shim;
};
const kept = () => readdirSync(join(dir, 'dead-letters'));
const send = (payload: Uint8Array, channel = 'cmd', retain = false) =>
  client.publish(`mote/d/a/${channel}`, payload, { qos: 1, retain });
/** A node that counts the commands that reach it. */
const nodeOn = (shim: Shim) => {
  const node = new FakeNode('a');
  let heard = () => {};
  node.onMessage = (message) => {
    if (message.type === 'command') heard();
  };
  node.plug(shim);
  const blink = async () => {
    const arrived = new Promise<void>((resolve) => {
      heard = resolve;
    });
    await send(bytes('{"name":"blink"}'));
    await arrived;
  };
  return { node, blink };
};
const subscribed = async (shim: Shim) => {
  const inbox = new Inbox();
  await client.subscribe({ filter: 'mote/d/a/s', qos: 1 }, inbox.push);
  const result = nodeOn(shim);
  await inbox.count(1);
  return result;
};

describe('a gateway', () => {
  it('acknowledges a message that it cannot handle, counts it, keeps it once, and is not given it again', async () => {
    const first = start();
    const { blink } = await subscribed(first);
    for (let i = 0; i < 3; i++) await send(explosive());
    await blink();
    expect(first.stats.deadLetters).toBe(3);
    expect(kept()).toHaveLength(1);
    expect(problems).toEqual(['PAYLOAD', 'PAYLOAD', 'PAYLOAD']);
    first.abort();
    const second = start();
    await nodeOn(second).blink();
    expect(second.stats.deadLetters).toBe(0);
    expect(kept()).toHaveLength(1);
  });

  it('counts a flood of them, but reports and keeps only the first', async () => {
    const shim = start();
    const { blink } = await subscribed(shim);
    await Promise.all(Array.from({ length: 500 }, (_, i) => send(bytes(`{"id":${i}}`))));
    await blink();
    expect(shim.stats.deadLetters).toBe(500);
    const reported = problems.filter((code) => code === 'COMMAND').length;
    expect(reported).toBeGreaterThanOrEqual(50);
    expect(reported).toBeLessThan(100);
    expect(kept()).toHaveLength(reported);
  });

  it('rejects a package with 11,000 signatures, as many as the broker lets through, before it parses them', async () => {
    const shim = start();
    await subscribed(shim);
    const inbox = new Inbox();
    await client.subscribe({ filter: 'mote/d/a/ota', qos: 1 }, inbox.push);
    const envelope = parseEnvelope(somePackage(5));
    const signatures = Array.from({ length: 11_000 }, () => envelope.signatures[0]!);
    await send(encodeEnvelope({ ...envelope, signatures }), 'desired', true);
    const [verdict] = await inbox.count(1);
    expect(decodeOta(verdict!.payload).reason?.text).toMatch(/authentication wrapper has more than 1024 bytes/);
  });

  it('keeps a desired package that is none, and reports its verdict', async () => {
    const shim = start();
    const { blink } = await subscribed(shim);
    const inbox = new Inbox();
    await client.subscribe({ filter: 'mote/d/a/ota', qos: 1 }, inbox.push);
    await send(bytes('no package'), 'desired', true);
    const [verdict] = await inbox.count(1);
    expect(decodeOta(verdict!.payload)).toMatchObject({ state: 'refused', reason: { code: 'CBOR' } });
    await blink();
    expect(kept()).toHaveLength(1);
    expect(shim.stats.deadLetters).toBe(1);
  });
});
