/** Peers that bring ever new names of nodes. */
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayConstant } from '../../base/abi/index.ts';
import { VirtualClock } from '../../base/index.ts';
import { nodeLink, transportPair } from '../../device/link/index.ts';
import { birth } from '../topics/examples.ts';
import { Shim } from './shim.ts';
import type { ShimOptions } from './shim-options.ts';

const { linkNames: PER_LINK } = GatewayConstant;
const shims: Shim[] = [];
afterEach(() => {
  for (const shim of shims.splice(0)) shim.abort();
});

function world(options: Partial<ShimOptions> = {}) {
  const clock = new VirtualClock();
  let session = 1;
  const problems: string[] = [];
  const shim = new Shim({
    brokerUrl: 'mqtt://127.0.0.1:1',
    nodeClock: clock,
    newSessionId: () => session++,
    onProblem: (error) => problems.push(error.code),
    ...options,
  });
  shims.push(shim);
  /** Connects, and says each of the names as if one node after the other restarted on this connection. */
  const bring = (origin: string, names: readonly string[]) => {
    const { a, b } = transportPair(clock);
    shim.accept(b, origin);
    for (const node of names) {
      const link = nodeLink({
        clock,
        newSessionId: () => session++,
        onMessage: () => {},
        onPeer: () => void link.send({ ...birth, node }),
      });
      link.attach({ ...a, close: () => {} });
      clock.advance(1000);
      link.close();
    }
  };
  const names = (count: number, prefix = 'n') => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  return { shim, bring, names, problems };
}

describe('names of nodes', () => {
  it('are limited for one connection; the same name counts once, and other connections bring others', () => {
    const { shim, bring, names, problems } = world();
    bring('10.0.0.9', [...names(3), ...names(3), ...names(30)]);
    expect(shim.nodes()).toHaveLength(PER_LINK);
    expect(shim.stats.refused).toEqual({ NAMES_FULL: 30 - PER_LINK });
    expect(new Set(problems)).toEqual(new Set(['NAMES_FULL']));
    bring('10.0.0.1', ['honest']);
    expect(shim.nodes().at(-1)).toMatchObject({ node: 'honest' });
  });

  it('are limited for one address of another machine, however many connections it opens', () => {
    const { shim, bring, names } = world({ maxAddressNodes: 5 });
    for (const name of names(20)) bring('10.0.0.9', [name]);
    expect(shim.nodes()).toHaveLength(5);
    bring('10.0.0.9', ['n2']);
    for (const name of names(9, 'local')) bring('127.0.0.1', [name]);
    bring('10.0.0.1', ['honest']);
    expect(shim.nodes()).toHaveLength(15);
    expect(shim.stats.refused).toEqual({ NAMES_FULL: 15 });
  });

  it('that are on a list are not limited for an address', () => {
    const { shim, bring, names } = world({ maxAddressNodes: 5, allowNode: (name) => name.startsWith('n') });
    for (const name of [...names(20), 'stranger']) bring('10.0.0.9', [name]);
    expect(shim.nodes()).toHaveLength(20);
    expect(shim.stats.refused).toEqual({ NODE_DENIED: 1 });
  });
});
