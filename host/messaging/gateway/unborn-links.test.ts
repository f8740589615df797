/** Peers that connect and never send a birth, in a world with a virtual clock and without a broker. */
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayConstant } from '../../base/abi/index.ts';
import { VirtualClock } from '../../base/index.ts';
import { type Birth, nodeLink, transportPair } from '../../device/link/index.ts';
import { birth } from '../topics/examples.ts';
import { Shim } from './shim.ts';
import type { ShimOptions } from './shim-options.ts';

const { unbornLinks: MAX, birthMs: TIME_MS } = GatewayConstant;

const shims: Shim[] = [];
afterEach(() => {
  for (const shim of shims.splice(0)) shim.abort();
});

function world(options: Partial<ShimOptions> = {}) {
  const clock = new VirtualClock();
  const problems: string[] = [];
  let session = 1;
  const shim = new Shim({
    brokerUrl: 'mqtt://127.0.0.1:1',
    nodeClock: clock,
    newSessionId: () => session++,
    onProblem: (error) => problems.push(error.code),
    ...options,
  });
  shims.push(shim);
  /** A peer that says nothing. */
  const silent = (origin: string) => {
    const peer = { open: true };
    const { a, b } = transportPair(clock);
    shim.accept(b, origin);
    a.onClose(() => {
      peer.open = false;
    });
    return peer;
  };
  /** A node that sends a birth to each new peer, unless it is mute. */
  const node = (origin: string, said: Birth = birth) => {
    const peer = { open: true, mute: false, restart: () => {} };
    const { a, b } = transportPair(clock);
    shim.accept(b, origin);
    const connect = () => {
      const link = nodeLink({
        clock,
        newSessionId: () => session++,
        onMessage: () => {},
        onDown: (why) => {
          if (why === 'closed') peer.open = false;
        },
        onPeer: () => {
          if (!peer.mute) link.send(said);
        },
      });
      link.attach({ ...a, close: () => {} });
      return link;
    };
    let link = connect();
    peer.restart = () => {
      link.close();
      link = connect();
    };
    return peer;
  };
  const openOf = (peers: { open: boolean }[]) => peers.filter(({ open }) => open).length;
  return { clock, shim, problems, silent, node, openOf };
}

describe('peers without a birth', () => {
  it('are disconnected after a time; a node with a birth stays', () => {
    const { clock, shim, problems, silent, node } = world();
    const peer = silent('10.0.0.9');
    const honest = node('10.0.0.1');
    clock.advance(TIME_MS - 1);
    expect([peer.open, honest.open]).toEqual([true, true]);
    clock.advance(10);
    expect([peer.open, honest.open]).toEqual([false, true]);
    clock.advance(10 * TIME_MS);
    expect(honest.open).toBe(true);
    expect(shim.nodes()).toMatchObject([{ node: birth.node, online: true }]);
    expect(problems).toEqual(['NO_BIRTH']);
    expect(shim.stats.withoutBirth).toBe(1);
  });

  it('are limited in number, and the oldest of the address that has most goes first', () => {
    const { clock, shim, silent, openOf } = world();
    const few = [silent('10.0.0.1'), silent('10.0.0.2'), silent('10.0.0.2')];
    const many = Array.from({ length: MAX }, () => silent('10.0.0.9'));
    clock.advance(1);
    expect([openOf(few), openOf(many)]).toEqual([3, MAX - 3]);
    expect(many.slice(0, 4).map(({ open }) => open)).toEqual([false, false, false, true]);
    expect(shim.stats.withoutBirth).toBe(3);
  });

  it('do not keep a node from connecting in a flood, and are reported with a limit', () => {
    const { clock, shim, problems, silent, node, openOf } = world();
    const flood: { open: boolean }[] = [];
    const wave = (count: number) => {
      for (let i = 0; i < count; i++) flood.push(silent('10.0.0.9'));
    };
    wave(MAX);
    const honest = node('10.0.0.1');
    for (let i = 0; i < 8; i++) {
      wave(100);
      clock.advance(1);
    }
    expect(shim.nodes()).toMatchObject([{ node: birth.node, online: true }]);
    expect(honest.open).toBe(true);
    expect(openOf(flood)).toBe(MAX);
    expect(shim.stats.withoutBirth).toBe(flood.length - MAX);
    expect(problems.filter((code) => code === 'NO_BIRTH').length).toBeLessThan(60);
  });

  it('are also those whose birth is refused, and those that follow a node on its link', () => {
    const { clock, node } = world({ allowNode: (name) => name === birth.node });
    const stranger = node('10.0.0.9', { ...birth, node: 'stranger' });
    const honest = node('10.0.0.1');
    clock.advance(1000);
    honest.mute = true;
    honest.restart();
    clock.advance(TIME_MS - 1000);
    expect([stranger.open, honest.open]).toEqual([false, true]);
    clock.advance(2000);
    expect(honest.open).toBe(false);
  });

  it('do not count on a serial line, which waits for its board', () => {
    const { clock, shim } = world();
    const { a, b } = transportPair(clock);
    let open = true;
    a.onClose(() => {
      open = false;
    });
    shim.port('/dev/ttyACM0').attach(b);
    clock.advance(10 * TIME_MS);
    expect([open, shim.stats.withoutBirth]).toEqual([true, 0]);
  });
});
