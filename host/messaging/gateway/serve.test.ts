/** Who may connect to a gateway. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { connectTcp, type NodeLink, nodeLink, transportPair } from '../../device/link/index.ts';
import { startEmbeddedBroker } from '../broker/broker.ts';
import { connected, Inbox } from '../mqtt/testing.ts';
import { birth } from '../topics/examples.ts';
import { FakeNode } from './fake-node.ts';
import { type GatewayOptions, serveGateway } from './serve.ts';
import { Shim } from './shim.ts';

let dir: string;
let ends: (() => unknown)[];
let problems: { code: string; message: string }[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-serve-'));
  ends = [];
  problems = [];
});
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  rmSync(dir, { recursive: true });
});

const serve = async (host: string, options: Partial<GatewayOptions> = {}) => {
  const gateway = await serveGateway({
    broker: { embeddedPort: 0 },
    listen: { host, port: 0 },
    serial: [],
    dataDir: dir,
    onProblem: ({ code, message }) => problems.push({ code, message }),
    ...options,
  });
  ends.push(() => gateway.close());
  return gateway;
};

describe('a gateway', () => {
  it('does not listen beyond this machine unless nodes are named or it is meant to', async () => {
    for (const host of ['0.0.0.0', '::', 'example.invalid', '127.0.0.1.example.invalid'])
      await expect(serve(host)).rejects.toMatchObject({ code: 'LINK_OPEN' });
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost']) await serve(host, { dataDir: join(dir, host) });
    expect(problems).toEqual([]);
  });

  it.each<[string, Partial<GatewayOptions>, RegExp]>([
    [
      'nodes are named',
      { allowed: new Map() },
      /under any of the allowed names, .* neither authenticated nor encrypted/,
    ],
    ['it is meant to', { insecure: true }, /as any node, receive that node's package/],
  ])('that listens beyond this machine, because %s, reports what is open', async (_why, options, text) => {
    await serve('0.0.0.0', options);
    expect(problems).toEqual([{ code: 'LINK_OPEN', message: expect.stringMatching(text) }]);
  });

  it('connects each allowed node to the broker with its own credentials, and the others not at all', async () => {
    const users = { press: 'one', op: 'two', own: 'three' };
    const seen: (string | undefined)[] = [];
    const broker = await startEmbeddedBroker({
      port: 0,
      users,
      allow: ({ id, username }, _action, topic) => {
        if (id.startsWith('mote-')) seen.push(username);
        return username === 'op' || topic.startsWith(`mote/d/${id.slice(5)}/`);
      },
    });
    ends.push(() => broker.close());
    const inbox = new Inbox();
    const client = await connected(broker.url, { username: 'op', password: 'two' });
    ends.push(() => client.close());
    await client.subscribe({ filter: 'mote/d/+/s', qos: 1 }, inbox.push);
    const gateway = await serve('127.0.0.1', {
      broker: { url: broker.url.replace('//', '//nobody:wrong@') },
      allowed: new Map([
        ['a', { username: 'press', password: 'one' }],
        ['b', null],
      ]),
      credentials: { username: 'own', password: 'three' },
    });
    expect(gateway.brokerUrl).toBe(broker.url);
    for (const id of ['c', 'a', 'b']) {
      const node = new FakeNode(id);
      node.link.attach(await connectTcp(gateway.port, '127.0.0.1', 'the gateway'));
      ends.push(() => node.link.close());
    }
    await inbox.count(2);
    expect(inbox.messages.map(({ topic }) => topic).sort()).toEqual(['mote/d/a/s', 'mote/d/b/s']);
    expect(new Set(seen)).toEqual(new Set(['press', 'own']));
    expect(problems.map(({ code }) => code)).toEqual(['NODE_DENIED']);
  });
});

describe('a peer with the name of a node', () => {
  function world() {
    const clock = new VirtualClock();
    const shim = new Shim({
      brokerUrl: 'mqtt://127.0.0.1:1',
      nodeClock: clock,
      onProblem: ({ code, message }) => problems.push({ code, message }),
    });
    ends.push(() => shim.abort());
    let session = 1;
    const join = (origin: string) => {
      const { a, b } = transportPair(clock);
      const link: NodeLink = nodeLink({
        clock,
        newSessionId: () => session++,
        onMessage: () => {},
        onPeer: () => void link.send(birth),
      });
      shim.accept(b, origin);
      link.attach(a);
      clock.advance(1000);
      return link;
    };
    return { clock, shim, join };
  }

  it('that comes from elsewhere does not displace the node while its link is up', () => {
    const { shim, join } = world();
    const node = join('10.0.0.1');
    const thief = join('10.0.0.2');
    expect(thief.up).toBe(false);
    expect(node.up).toBe(true);
    expect(shim.stats.refusedBirths).toBe(1);
    expect(problems).toEqual([{ code: 'NODE_LIVE', message: expect.stringMatching(/10\.0\.0\.2.*10\.0\.0\.1/) }]);
  });

  it('is reported 50 times at once, and counted each time', () => {
    const { shim, join } = world();
    join('10.0.0.1');
    for (let i = 0; i < 70; i++) join(`10.0.1.${i}`);
    expect(shim.stats.refusedBirths).toBe(70);
    expect(problems.length).toBeGreaterThanOrEqual(50);
    expect(problems.length).toBeLessThan(70);
  });

  it('from the same place does: the node lost its line, or restarted', () => {
    const { shim, join } = world();
    const node = join('10.0.0.1');
    const again = join('10.0.0.1');
    expect([node.up, again.up]).toEqual([false, true]);
    expect(shim.stats.refusedBirths).toBe(0);
  });

  it('from elsewhere is the node when the old link is down', () => {
    const { clock, shim, join } = world();
    const node = join('10.0.0.1');
    node.close();
    clock.advance(60_000);
    const moved = join('10.0.0.2');
    expect(moved.up).toBe(true);
    expect(shim.stats.refusedBirths).toBe(0);
  });
});
