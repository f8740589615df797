/**
 * A board's firmware on this machine as a live node: started with a flash that makes it somebody, its sensors fed from sources, its link on
 * a shim, its time virtual and paced by the wall clock.
 */
import type { KeyObject } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MoteError, type VirtualClock } from '../base/index.ts';
import { FileFlash, type Flash, flashRegion, KeyValueStore } from '../device/flash/index.ts';
import { encodeMessage, transportPair } from '../device/link/index.ts';
import {
  activePackage,
  DEFAULT_LAYOUT,
  provision,
  readIdentity,
  type SensorSource,
  writeIdentity,
} from '../device/node/index.ts';
import { type Package, parsePackage } from '../device/package/index.ts';
import { Shim, type ShimOptions } from '../messaging/gateway/index.ts';
import { isNodeId } from '../messaging/topics/index.ts';
import {
  type Board,
  buildImage,
  type NewNode,
  type NodeProcess,
  SideClock,
  startNode,
} from '../toolchain/board/index.ts';
import { makeFolder } from './command.ts';
import type { Terminal } from './terminal.ts';

/** The flash's file in a node's folder. */
const FLASH = 'flash.bin';
/** The link's way through the wire. */
const WIRE_MS = 0.5;
/** Time goes on in such pieces, between which sockets have their turn. */
const TURN_US = 5000;
/** The agent tells its own state this often. */
const VITALS_S = 5;
/** Of a board's RAM for one sensor's ring. */
const RING_SHARE = 8;

/** A gateway for nodes whose time is virtual: it began with this call. */
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
  /** Settings in place of those that the node has; null: it keeps them. */
  config: Record<string, number> | null;
  seed: number;
  accelerated: boolean;
  /** Shows the node's time; the shim's links go by it, too. */
  clock: VirtualClock;
  shim: Shim;
  /** Work folder to keep, which is there, with what the node's flash holds; null: one that goes when the node ends. */
  folder: string | null;
  /** Seconds of the node a second of this machine; infinity: as fast as it goes. */
  speed: number;
  onTap?(name: string, data: Uint8Array): void;
  onDebug?(text: string): void;
}

/** One sensor's samples as the board fetched them. */
export interface Fetched {
  /** Samples until now: those that came by time. */
  read: number;
  /** Passed over: the ring couldn't hold them until they were fetched. */
  lost: number;
}

export class BoardNode {
  readonly #options: BoardNodeOptions;
  readonly #side: SideClock;
  readonly #process: NodeProcess;
  readonly #fetched: Map<string, Fetched>;
  readonly #clear: () => void;
  readonly #startedMs = performance.now();
  #closed = false;

  private constructor(
    options: BoardNodeOptions,
    side: SideClock,
    process: NodeProcess,
    fetched: Map<string, Fetched>,
    clear: () => void,
  ) {
    this.#options = options;
    this.#side = side;
    this.#process = process;
    this.#fetched = fetched;
    this.#clear = clear;
    // A terminal's Ctrl-C reaches the emulator as well as us: time for our own handler to be called first.
    process.ended.then(({ code, output }) =>
      setTimeout(() => {
        if (!this.#closed) side.fail(ended(options.board, code, output));
      }, 200),
    );
  }

  /** Sets the flash up, unless it was, and starts the firmware. */
  static async start(options: BoardNodeOptions, elf: string): Promise<BoardNode> {
    const { board, node, sensors, seed, accelerated, clock, shim } = options;
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'mote-run-'));
    const clear = () => {
      process.off('exit', clear);
      if (options.folder === null) rmSync(folder, { recursive: true, force: true });
    };
    // When who reads our output has seen enough, nothing is awaited any more.
    process.once('exit', clear);
    try {
      setUp(join(folder, FLASH), options);
      const pair = transportPair(clock, { delayMs: WIRE_MS });
      shim.port().attach(pair.a);
      const fetched = new Map(sensors.map(({ name }) => [name, { read: 0, lost: 0 }]));
      const side = new SideClock({
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
          side,
          await startNode(board, elf, { folder, options: words, icount }),
          fetched,
          clear,
        );
      } catch (error) {
        side.close();
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
    const { totalUs, longestUs } = this.#side.work;
    return { instructions: totalUs * 1000, longest: longestUs * 1000 };
  }

  /** Lets time go on to `us`, or until `stopped` says so. Rejects when the node ends by itself. */
  async runUntil(us: number, stopped: () => boolean = () => false): Promise<void> {
    const { clock, speed } = this.#options;
    while (clock.nowUs() < us && !stopped()) {
      const dueUs = (performance.now() - this.#startedMs) * 1000 * speed;
      const nextUs = Math.min(us, clock.nowUs() + TURN_US);
      if (nextUs > dueUs) await new Promise((resolve) => setTimeout(resolve, (nextUs - dueUs) / speed / 1000));
      else await new Promise((resolve) => setImmediate(resolve));
      await this.#side.runUntil(nextUs);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#process.kill();
    this.#side.close();
    this.#clear();
  }
}

/** A board's agent, compiled when something of it has changed, with what it took. */
export async function buildAgent(board: Board, terminal: Terminal): Promise<{ elf: string; seconds: string }> {
  const started = performance.now();
  terminal.progress(`building the firmware of ${board.name} ...`);
  try {
    const { elf } = await buildImage(board, { image: 'agent' });
    return { elf, seconds: `${((performance.now() - started) / 1000).toFixed(1)} s` };
  } finally {
    terminal.progress('');
  }
}

/** What the flash of a kept folder makes of its node, whatever else is asked for. */
export interface KeptNode {
  id: string;
  publicKeys: readonly KeyObject[];
  /** The package that it runs; null when there is none, or none that can be read. */
  running: Package | null;
}

/** Null for a folder without a node that was set up. Makes the folder. Throws `FILE`, and what opening a flash throws. */
export function keptNode(board: Board, folder: string): KeptNode | null {
  makeFolder(folder, '--dir');
  const path = join(folder, FLASH);
  if (!existsSync(path)) return null;
  const flash = openFlash(board, path);
  try {
    const identity = identityOf(flash);
    return identity && { ...identity, running: runningIn(flash) };
  } finally {
    flash.close();
  }
}

/** Of a flash that was set up to the end. */
function identityOf(flash: Flash): Pick<KeptNode, 'id' | 'publicKeys'> | null {
  const { id, publicKeys } = readIdentity(flash);
  return id !== null && isNodeId(id) && publicKeys.length > 0 ? { id, publicKeys } : null;
}

function runningIn(flash: Flash): Package | null {
  try {
    const bytes = activePackage(flash);
    return bytes && parsePackage(bytes);
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    // A damaged one: the node says so itself, and takes another.
    return null;
  }
}

function openFlash(board: Board, path: string): FileFlash {
  const { bytes: sizeBytes, page: pageBytes, write: writeBytes } = board.flash;
  return FileFlash.open(path, { sizeBytes, pageBytes, writeBytes });
}

/** A flash that was set up keeps who it is and what it has, unless it has no module. */
function setUp(path: string, { board, node: { id, publicKeys, first }, config }: BoardNodeOptions): void {
  const flash = openFlash(board, path);
  try {
    if (identityOf(flash) === null) writeIdentity(flash, { id, publicKeys });
    if (first !== null) provision(flash, first.sequence, first.bytes);
    if (config === null) return;
    const agent = KeyValueStore.open(flashRegion(flash, 0, DEFAULT_LAYOUT.agentPages));
    agent.set('config', encodeMessage({ type: 'config', values: config }));
  } finally {
    flash.close();
  }
}

/** A ring of a second, or what a small board has room for. */
function sensorWord(board: Board, name: string, { rateMilliHz, channels }: SensorSource): string {
  const second = Math.max(64, Math.ceil(rateMilliHz / 1000));
  const room = board.memory === null ? second : Math.floor(board.memory.ram.bytes / RING_SHARE / (2 * channels));
  return `sensor=${name}:${rateMilliHz}:${channels}:${Math.min(second, room)}`;
}

/** A source that notes what was asked of it. One that ends goes on with zeros. */
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
