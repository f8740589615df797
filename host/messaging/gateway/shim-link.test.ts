/** The shim with links that misbehave, without a broker. */
import { afterEach, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { encodeFrame } from '../../device/link/frame.ts';
import { encodeMessage, nodeLink, transportPair } from '../../device/link/index.ts';
import { encodePacket, type Packet } from '../../device/link/packet.ts';
import { birth, event } from '../topics/examples.ts';
import { Shim } from './shim.ts';
import type { ShimOptions } from './shim-options.ts';

const shims: Shim[] = [];
afterEach(() => {
  for (const shim of shims.splice(0)) shim.abort();
});

function world(options: Partial<ShimOptions> = {}) {
  const clock = new VirtualClock();
  const problems: string[] = [];
  const shim = new Shim({
    brokerUrl: 'mqtt://127.0.0.1:1',
    nodeClock: clock,
    newSessionId: () => 7,
    onProblem: (error) => problems.push(error.code),
    ...options,
  });
  shims.push(shim);
  return { clock, shim, problems, run: (seconds: number) => clock.advance(seconds * 1000) };
}

it('survives a node that announces that it accepts no message of any use', () => {
  const { clock, shim, problems, run } = world();
  const { a, b } = transportPair(clock);
  shim.accept(b);
  const say = (packet: Packet) => a.write(encodeFrame(encodePacket(packet)));
  say({ kind: 'hello', ready: true, session: 9, peer: 7, next: 0, window: 1, maxBytes: 1 });
  say({ kind: 'data', seq: 0, ack: 0, body: encodeMessage({ type: 'time?', sentUs: 5 }) });
  say({ kind: 'data', seq: 1, ack: 0, body: encodeMessage(birth) });
  run(1);
  expect(problems).toContain('LINK_TOO_LARGE');
  expect(shim.nodes()).toMatchObject([{ node: birth.node, online: true }]);
});

it('receives a node that restarted on a line that was paused because the broker is unreachable', () => {
  const { clock, shim, run } = world({ queueMaxBytes: 2000 });
  const port = shim.port();
  const boot = (number: number) => {
    const { a, b } = transportPair(clock);
    const link = nodeLink({
      clock,
      newSessionId: () => number,
      onMessage: () => {},
      onPeer: () => void link.send({ ...birth, boot: number }),
    });
    port.attach(b);
    link.attach(a);
    return link;
  };
  const first = boot(1);
  run(1);
  for (let seq = 0; seq < 40; seq++) first.send({ ...event, seq });
  run(1);
  expect(first.queued).toBeGreaterThan(0);
  first.close();
  boot(2);
  run(1);
  expect(shim.nodes()[0]!.birth!.boot).toBe(2);
});

it('reports nothing after it was ended, although links end with it', () => {
  const clock = new VirtualClock();
  const { shim, problems } = world({ clock, nodeClock: clock, graceSeconds: 0 });
  const { a, b } = transportPair(clock);
  shim.accept(b);
  const link = nodeLink({ clock, newSessionId: () => 3, onMessage: () => {}, onPeer: () => void link.send(birth) });
  link.attach(a);
  clock.advance(1000);
  expect(shim.nodes()).toMatchObject([{ online: true }]);
  shim.abort();
  clock.advance(1000);
  expect(problems).toEqual([]);
});
