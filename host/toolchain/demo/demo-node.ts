/** The demo's node: simulated in this process, or a board's firmware in its emulator. */
import type { KeyObject } from 'node:crypto';
import { RealClock, VirtualClock } from '../../base/index.ts';
import { type EngineName, loadEngine } from '../../device/engine/index.ts';
import { connectTcp, listenTcp } from '../../device/link/index.ts';
import { Node, provision, type SensorSource, volatileFlash } from '../../device/node/index.ts';
import { Shim } from '../../messaging/gateway/index.ts';
import type { Board } from '../board/index.ts';
import { BoardNode, virtualShim } from '../run/index.ts';

export interface DemoNodeOptions {
  id: string;
  publicKey: KeyObject;
  /** The package that it runs from the start, with sequence 1. */
  first: Uint8Array;
  microphone: SensorSource;
  brokerUrl: string;
}

export interface DemoNode {
  /** The engine or the board that it runs on. */
  platform: string;
  /** The node's own time. */
  nowUs(): number;
  /** Samples of the microphone. */
  samples(): { read: number; lost: number };
  /** Resolves when the node's clock shows `us`. */
  until(us: number): Promise<void>;
  /** Instructions since its start, where they are counted. */
  instructions(): number | null;
  /** Rejects when the node ends by itself. */
  failed: Promise<never>;
  close(): Promise<void>;
}

export async function simulatedNode(engineName: EngineName, options: DemoNodeOptions): Promise<DemoNode> {
  const { id, publicKey, first, microphone, brokerUrl } = options;
  const shim = new Shim({ brokerUrl });
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
    instructions: () => null,
    failed: new Promise(() => {}),
    async close() {
      node.close();
      await listener.close();
      await shim.close();
    },
  };
}

/** Runs in real time if the emulator is fast enough. */
export async function boardNode(board: Board, elf: string, options: DemoNodeOptions): Promise<DemoNode> {
  const { id, publicKey, first, microphone, brokerUrl } = options;
  const clock = new VirtualClock(Date.now());
  const { shim } = virtualShim(clock, { brokerUrl });
  const node = await BoardNode.start(
    {
      board,
      node: { id, publicKeys: [publicKey], first: { sequence: 1, bytes: first } },
      sensors: [{ name: 'microphone', source: microphone }],
      config: null,
      seed: 1,
      accelerated: true,
      clock,
      shim,
      folder: null,
      speed: 1,
    },
    elf,
  );
  let closing = false;
  const running = node.runUntil(Number.MAX_SAFE_INTEGER, () => closing);
  const failed = running.then(() => new Promise<never>(() => {}));
  // A rejection that nobody awaits must not end the process.
  failed.catch(() => {});
  return {
    platform: board.name,
    nowUs: () => clock.nowUs(),
    samples: () => node.sensor('microphone'),
    until: (us) => new Promise((resolve) => void clock.at(us, resolve)),
    instructions: () => node.work?.instructions ?? null,
    failed,
    async close() {
      closing = true;
      await running.catch(() => {});
      await node.close();
      await shim.close();
    },
  };
}
