/** The node in TypeScript, with the limits of a board, as the reference of all others. */
import type { Clock, VirtualClock } from '../../host/base/index.ts';
import { loadEngine } from '../../host/device/engine/index.ts';
import { MemoryFlash } from '../../host/device/flash/index.ts';
import { NODE_LIMITS, Node } from '../../host/device/node/index.ts';
import { type Geometry, GROUP, type Life, NODE_ID, PRODUCT, SEED, type Start, type Subject, trusted } from './world.ts';

/** Limits of a board that are lower than those of the node in TypeScript: boards/base/constants.h. */
export interface BoardLimits {
  board: string;
  version: string;
  geometry: Geometry;
  linkStoreBytes: number;
  messageBytes: number;
  stackBytes: number;
}

/** A node's clock begins at 0 with each start; that of the scenario continues. */
class LifeClock implements Clock {
  readonly #clock: VirtualClock;
  readonly #startUs: number;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
    this.#startUs = clock.nowUs();
  }
  nowUs(): number {
    return this.#clock.nowUs() - this.#startUs;
  }
  utcMs(): number {
    return this.#clock.utcMs();
  }
  at(us: number, run: () => void): () => void {
    return this.#clock.at(us + this.#startUs, run);
  }
  after(delayMs: number, run: () => void): () => void {
    return this.#clock.after(delayMs, run);
  }
}

export async function typescriptSubject(limits: BoardLimits): Promise<Subject> {
  const engine = await loadEngine('wasm3');
  const { linkStoreBytes: bytes, messageBytes: maxBytes } = limits;
  const start = ({ setup, boot, flash: image, clock: whole, transport, onTap, swapsUs }: Start): Life => {
    const flash = new MemoryFlash({ ...limits.geometry, image });
    const clock = new LifeClock(whole);
    const node = new Node({
      id: NODE_ID,
      engine,
      clock,
      seed: SEED,
      flash,
      publicKeys: [trusted.publicKey],
      product: PRODUCT,
      group: GROUP,
      sensors: setup.sensors ?? [],
      firmware: { name: `mote-${limits.board}`, version: limits.version },
      stopwatch: () => () => swapsUs.shift() ?? 0,
      vitalsS: setup.vitalsS ?? 0,
      captureBytes: setup.captureBytes ?? 0,
      limits: {
        ...NODE_LIMITS,
        memoryBytes: setup.memoryBytes ?? 16_384,
        stackBytes: limits.stackBytes,
        declaredBytes: bytes / 4 - 512,
      },
      hooks: { onTap: ({ name, data }) => onTap(name, data) },
      link: {
        transport,
        newSessionId: sessionNumbers(boot),
        maxBytes,
        queueBytes: bytes / 2,
        outbox: {
          telemetryFrames: 1024,
          telemetryValues: 65_536,
          events: 64,
          logs: 64,
          bytes,
          reserveBytes: bytes / 4,
        },
      },
    });
    node.start();
    return {
      runUntil: async (us) => whole.runUntil(us),
      stop: async () => {
        node.close();
        return flash.image();
      },
    };
  };
  return { name: 'typescript', geometry: limits.geometry, start: async (options) => start(options) };
}

/**
 * Session ids as boards/platform/emulated/node.c and agent.c compute them: xorshift32 from the seed, and the boot
 * count.
 */
function sessionNumbers(boot: number): () => number {
  let x = (SEED ^ 2_654_435_761) >>> 0;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x ^ Math.imul(boot, 0x85eb_ca6b)) >>> 0;
  };
}
