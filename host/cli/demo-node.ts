/** The demo's node: simulated in this process, or a board's firmware in its emulator. */
import type { KeyObject } from 'node:crypto';
import { type EngineName, loadEngine } from '../engine/index.ts';
import type { Shim } from '../gateway/index.ts';
import { connectTcp, listenTcp } from '../link/index.ts';
import { Node, provision, RealClock, type SensorSource, volatileFlash } from '../node/index.ts';

export interface DemoNodeOptions {
  id: string;
  publicKey: KeyObject;
  /** The package that it has from the start, sequence 1. */
  first: Uint8Array;
  microphone: SensorSource;
  shim: Shim;
}

export interface DemoNode {
  /** What it runs on, in a word or two. */
  platform: string;
  /** The node's own time. */
  nowUs(): number;
  /** Samples of the microphone. */
  samples(): { read: number; lost: number };
  /** Resolves when the node's clock shows `us`. */
  until(us: number): Promise<void>;
  close(): Promise<void>;
}

export async function simulatedNode(engineName: EngineName, options: DemoNodeOptions): Promise<DemoNode> {
  const { id, publicKey, first, microphone, shim } = options;
  const listener = await listenTcp(0, (transport) => shim.accept(transport));
  const clock = new RealClock();
  const flash = volatileFlash();
  provision(flash, 1, first);
  const node = new Node({
    id,
    engine: await loadEngine(engineName),
    clock,
    sensors: [{ name: 'microphone', source: microphone }],
    flash,
    publicKeys: [publicKey],
    link: {},
  });
  const startUs = clock.nowUs();
  node.start();
  node.attach(await connectTcp(listener.port));
  return {
    platform: engineName,
    nowUs: () => clock.nowUs() - startUs,
    samples() {
      const { read = 0, lost = 0 } = node.status().sensors.microphone ?? {};
      return { read, lost };
    },
    until: (us) => new Promise((resolve) => clock.at(startUs + us, resolve)),
    async close() {
      node.close();
      await listener.close();
    },
  };
}
