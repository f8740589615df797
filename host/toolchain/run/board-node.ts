/**
 * A board's firmware on this machine as a live node. Its flash holds an identity, its sensors read from sources, its link ends at a shim,
 * and its time is virtual and paced by the wall clock.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MoteError, type VirtualClock } from '../../base/index.ts';
import { transportPair } from '../../device/link/index.ts';
import type { SensorSource } from '../../device/node/index.ts';
import { Shim, type ShimOptions } from '../../messaging/gateway/index.ts';
import { type Board, type NewNode, type NodeProcess, SimClock, startNode } from '../board/index.ts';
import { setUpFlash } from './node-flash.ts';

/** Delay of the link. */
const WIRE_MS = 0.5;
/** Time advances in steps of this length. Between two steps the event loop serves sockets. */
const TURN_US = 5000;
/** The agent reports its vitals this often. */
const VITALS_S = 5;
/** One sensor's ring takes at most this fraction of a board's RAM. */
const RING_SHARE = 8;

/** A gateway for nodes whose time is virtual. `startMs` is the UTC time of this call on the nodes' clock. */
export function virtualShim(
  clock: VirtualClock,
  options: Pick<ShimOptions, 'brokerUrl' | 'ns' | 'onProblem'>,
): { shim: Shim; startMs: number } {
  return { shim: new Shim({ ...options, nodeClock: clock }), startMs: clock.utcMs() };
}

export interface BoardNodeOptions {
  board: Board;
  node: NewNode & { id: string };
  sensors: { name: string; source: SensorSource }[];
  /** Settings in place of those that the node has; null keeps them. */
  config: Record<string, number> | null;
  seed: number;
  accelerated: boolean;
  /** The node's time, on which the shim's links run, too. */
  clock: VirtualClock;
  shim: Shim;
  /** An existing work folder, which keeps the node's flash; null: a temporary one. */
  folder: string | null;
  /** Seconds of the node in one second of this machine; infinity: as fast as possible. */
  speed: number;
  onTap?(name: string, data: Uint8Array): void;
  onDebug?(text: string): void;
}

/** The samples of one sensor that the board has fetched. */
export interface Fetched {
  /** Samples that were fetched in time. */
  read: number;
  /** Samples that the ring dropped before they were fetched. */
  lost: number;
}

export class BoardNode {
  readonly #options: BoardNodeOptions;
  readonly #sim: SimClock;
  readonly #process: NodeProcess;
  readonly #fetched: Map<string, Fetched>;
  readonly #clear: () => void;
  readonly #startedMs = performance.now();
  #closed = false;

  private constructor(
    options: BoardNodeOptions,
    sim: SimClock,
    process: NodeProcess,
    fetched: Map<string, Fetched>,
    clear: () => void,
  ) {
    this.#options = options;
    this.#sim = sim;
    this.#process = process;
    this.#fetched = fetched;
    this.#clear = clear;
    // A terminal's Ctrl-C also reaches the emulator. Let this process's own handler run first.
    process.ended.then(({ code, output }) =>
      setTimeout(() => {
        if (!this.#closed) sim.fail(ended(options.board, code, output));
      }, 200),
    );
  }

  /** Sets the flash up, unless that was done before, and starts the firmware. */
  static async start(options: BoardNodeOptions, elf: string): Promise<BoardNode> {
    const { board, node, sensors, seed, accelerated, clock, shim } = options;
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'mote-run-'));
    const clear = () => {
      process.off('exit', clear);
      if (options.folder === null) rmSync(folder, { recursive: true, force: true });
    };
    // When the reader of the output closes it, the process exits without waiting for this node.
    process.once('exit', clear);
    try {
      setUpFlash(board, folder, node, options.config);
      const pair = transportPair(clock, { delayMs: WIRE_MS });
      shim.port().attach(pair.a);
      const fetched = new Map(sensors.map(({ name }) => [name, { read: 0, lost: 0 }]));
      const sim = new SimClock({
        folder,
        clock,
        transport: pair.b,
        sensors: sensors.map(({ name, source }) => counted(source, fetched.get(name)!)),
        ...(options.onTap && { onTap: options.onTap }),
        ...(options.onDebug && { onDebug: options.onDebug }),
      });
      try {
        const words = [
          ...[
            'clock=virtual',
            'side=1',
            `id=${node.id}`,
            `seed=${seed}`,
            `accel=${accelerated ? 1 : 0}`,
            `vitals=${VITALS_S}`,
          ],
          ...sensors.map(({ name, source }) => sensorWord(board, name, source)),
        ];
        const icount = board.run?.kind === 'qemu';
        return new BoardNode(
          options,
          sim,
          await startNode(board, elf, { folder, options: words, icount }),
          fetched,
          clear,
        );
      } catch (error) {
        sim.close();
        throw error;
      }
    } catch (error) {
      clear();
      throw error;
    }
  }

  sensor(name: string): Fetched {
    return { ...this.#fetched.get(name)! };
  }

  /** Instructions, where the emulator counts them. */
  get work(): { instructions: number; longest: number } | null {
    if (this.#options.board.run?.kind !== 'qemu') return null;
    const { totalUs, longestUs } = this.#sim.work;
    return { instructions: totalUs * 1000, longest: longestUs * 1000 };
  }

  /** Advances time to `us`, or until `stopped` returns true. Rejects when the node ends by itself. */
  async runUntil(us: number, stopped: () => boolean = () => false): Promise<void> {
    const { clock, speed } = this.#options;
    while (clock.nowUs() < us && !stopped()) {
      const dueUs = (performance.now() - this.#startedMs) * 1000 * speed;
      const nextUs = Math.min(us, clock.nowUs() + TURN_US);
      if (nextUs > dueUs) await new Promise((resolve) => setTimeout(resolve, (nextUs - dueUs) / speed / 1000));
      else await new Promise((resolve) => setImmediate(resolve));
      await this.#sim.runUntil(nextUs);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#process.kill();
    this.#sim.close();
    this.#clear();
  }
}

/** Describes a sensor for the agent, with a ring of one second or of what a small board's memory allows. */
function sensorWord(board: Board, name: string, { rateMilliHz, channels }: SensorSource): string {
  const second = Math.max(64, Math.ceil(rateMilliHz / 1000));
  const room = board.memory === null ? second : Math.floor(board.memory.ram.bytes / RING_SHARE / (2 * channels));
  return `sensor=${name}:${rateMilliHz}:${channels}:${Math.min(second, room)}`;
}

/** A source that counts what is read from it. A source that ends continues with zeros. */
function counted(source: SensorSource, fetched: Fetched): SensorSource {
  const { channels, length } = source;
  let next = 0;
  return {
    ...source,
    length: null,
    read(index, out) {
      const count = out.length / channels;
      const there = Math.max(0, Math.min(count, (length ?? Number.POSITIVE_INFINITY) - index));
      fetched.lost += Math.max(0, index - next);
      fetched.read += there;
      next = index + count;
      if (there > 0) source.read(index, out.subarray(0, there * channels));
    },
  };
}

function ended(board: Board, code: number | null, output: string): MoteError {
  const how = code === null ? 'was ended by a signal' : `ended with code ${code}`;
  const last = output.trim().split('\n').slice(-5).join('\n');
  return new MoteError('NODE_ENDED', `The node on ${board.name} ${how}${last === '' ? '' : `: ${last}`}`);
}
