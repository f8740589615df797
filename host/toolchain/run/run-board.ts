/** Runs an app on a board's real firmware, in an emulator or as a process, with a gateway and a broker around it. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { guard, MoteError, VirtualClock } from '../../base/index.ts';
import { checkTarget, generateKeyPair, loadPublicKey } from '../../device/package/index.ts';
import { type BrokerChoice, openBroker, publicUrl } from '../../messaging/broker/index.ts';
import { type NodeObserver, watchNodes } from '../../messaging/monitor/index.ts';
import { isNodeId } from '../../messaging/topics/index.ts';
import {
  type App,
  type BuildObserver,
  checkApp,
  checkSettings,
  findPrivateKey,
  isFolder,
  keptModule,
  loadApp,
  moduleDigest,
  packageOf,
} from '../app/index.ts';
import { type Board, buildAgent, type FirmwareObserver, loadBoard, requireRun } from '../board/index.ts';
import { debugFolder, savePackageDigest } from '../debug/index.ts';
import { assignInputs, readInputs, tapFiles } from '../sim/index.ts';
import { BoardNode, type BoardNodeOptions, type Fetched, virtualShim } from './board-node.ts';
import { isFault, isOutOfMemory, memoryAdvice } from './faults.ts';
import { type StoredNode, storedNode } from './node-flash.ts';

/** Seconds of the node's time for a message's UTC milliseconds, and for now. */
export interface NodeTimes {
  of(tMs: number): number;
  now(): number;
}

export interface RunObserver extends BuildObserver, FirmwareObserver {
  /** There was no key, so one was made for this run. */
  onTemporaryKey?(): void;
  /** What an operator should know. None of it stops the run. */
  onProblem(error: MoteError): void;
  /** Makes the observer of what the node publishes. */
  node(times: NodeTimes): NodeObserver;
  /** Gateway and broker are there; the node is started next. */
  /** `first`: digest of the package in the flash of a new node; null for a node of an earlier run. */
  onListening(at: { board: string; node: string; brokerUrl: string; first: Uint8Array | null }): void;
  /** A line of the firmware's debug output, at `t` seconds. */
  onDebug?(text: string, t: number): void;
}

export interface RunOptions {
  board: string;
  /** An app's folder, or a package. */
  app: string;
  /** `[SENSOR=]SOURCE`, as the command line has them. */
  inputs: string[];
  /** Play inputs again and again. */
  loop: boolean;
  seed: number;
  /** Settings in place of those that the node has; null keeps them. */
  config: Record<string, number> | null;
  /** With the board's native operators. */
  accelerated: boolean;
  /** Stop after this time of the node; null: at the end of the input. */
  limitUs: number | null;
  /** Seconds of the node in one second of this machine; infinity: as fast as possible. */
  speed: number;
  broker: BrokerChoice;
  ns: string;
  /** The node's id; default: that of the flash in `folder`, else the board's name. */
  node?: string | undefined;
  /** Work folder to keep, with the node's flash. */
  folder?: string | undefined;
  /** Private key that signs the app, and public key that the node trusts in its place. */
  keyFile?: string | undefined;
  trustFile?: string | undefined;
  /** Folder for recorded taps. */
  tapsFolder?: string | undefined;
  /** Called when the node is started; the run ends when it resolves. */
  stopped(): Promise<void>;
}

export interface RunResult {
  board: string;
  /** Seconds of the node's time, and of this machine's. */
  seconds: number;
  wallSeconds: number;
  sensors: Record<string, Fetched>;
  /** Instructions, where the emulator counts them. */
  work: BoardNode['work'];
  /** The faults of modules, as the agent logged them. */
  faults: string[];
}

/** Time after the input's end: messages that were sent last cross the link, and no window of zeros is full. */
const DRAIN_US = 2000;
/** Time beyond the length of an input that nobody fetches: a module may have been restarted. */
const PATIENCE_US = 10_000_000;
/** The broker delivers the last message within this time, or never. */
const BROKER_MS = 2000;

interface Signer {
  /** Null for a package, unless its key is there. */
  privateKey: KeyObject | null;
  /** The key that a new node trusts. */
  publicKey: KeyObject;
  /** Whether the user named a key, or one was found. */
  given: boolean;
}

/** Without any key, makes one for this run. Throws `KEY_MISSING`. */
function signerOf({ app, keyFile, trustFile }: RunOptions, stored: StoredNode | null, observer: RunObserver): Signer {
  const found = findPrivateKey(keyFile, app);
  const privateKey = found?.key ?? (isFolder(app) ? generateKeyPair().privateKey : null);
  if (privateKey === null && trustFile === undefined)
    throw new MoteError(
      'KEY_MISSING',
      'A node runs only packages of a key that it trusts: name the public key with --trust.',
    );
  const given = found !== null || trustFile !== undefined;
  if (!given && stored === null) observer.onTemporaryKey?.();
  const publicKey = trustFile === undefined ? createPublicKey(privateKey!) : loadPublicKey(trustFile);
  return { privateKey, publicKey, given };
}

/** The node's id: that of the flash that exists, else the one given, else the board's name. */
function idOf(board: Board, { node, folder }: RunOptions, stored: StoredNode | null): string {
  const id = node ?? stored?.id ?? board.name;
  if (!isNodeId(id))
    throw new MoteError('NODE_ID', `"${id}" isn't a valid node id: use 1 to 64 letters, digits, "_" and "-".`);
  if (stored !== null && stored.id !== id)
    throw new MoteError(
      'NODE_ID',
      `The flash in ${folder} belongs to the node ${stored.id}, not to ${id}: omit --node or choose another --dir.`,
    );
  return id;
}

/** What of the options has no effect on a node that was set up before. */
function storedProblems(stored: StoredNode, app: App, { publicKey, given }: Signer): MoteError[] {
  const { id, running, publicKeys } = stored;
  const problems: MoteError[] = [];
  const accepts = guard(
    () => checkTarget(app.metadata, { ...stored, node: id }),
    (error) => problems.push(keptTarget(stored, error)),
  );
  if (accepts && running !== null && Buffer.compare(moduleDigest(running), moduleDigest(app)) !== 0)
    problems.push(keptModule(id, running));
  if ((given || running === null) && !publicKeys.some((key) => key.equals(publicKey))) {
    const what = `${id} uses the keys in its flash and rejects packages that this run's key signs`;
    problems.push(new MoteError('NODE_KEPT', `${what}; use another --dir to trust that key.`));
  }
  return problems;
}

/** The node keeps the product class and the group in its flash, for which the app isn't. */
function keptTarget({ id, product, group }: StoredNode, { message }: MoteError): MoteError {
  const has = `the product class ${product || 'none'} and the group ${group || 'none'}`;
  const what = `${id} keeps ${has} in its flash, and rejects this app: ${message}`;
  return new MoteError('NODE_KEPT', `${what} Use another --dir for a new node.`);
}

/**
 * Resolves when the run has ended. Throws `NODE_ID`, `KEY_MISSING`, `NODE_ENDED`, and what loading the app, its inputs and keys, building the
 * firmware and opening the broker throw.
 */
export async function runBoard(options: RunOptions, observer: RunObserver): Promise<RunResult> {
  const { seed, loop, config, accelerated, speed, ns, folder, tapsFolder } = options;
  const board = loadBoard(options.board);
  requireRun(board);
  const stored = folder === undefined ? null : storedNode(board, folder);
  const id = idOf(board, options, stored);
  checkApp(options.app);
  await checkSettings(options.app, Object.keys(config ?? {}));
  const inputs = readInputs(options.inputs, { seed, loop });
  const signer = signerOf(options, stored, observer);
  const onTap = tapsFolder === undefined ? undefined : tapsTo(tapsFolder);
  const clock = new VirtualClock(Date.now());
  const onProblem = (error: MoteError) => observer.onProblem(error);
  const faults: string[] = [];
  let offline = () => {};
  const goneOffline = new Promise<void>((resolve) => {
    offline = resolve;
  });
  let ending = false;
  const closing: (() => void | Promise<void>)[] = [];
  try {
    const broker = await openBroker(options.broker, { onProblem });
    closing.push(() => broker.close());
    const { shim, startMs } = virtualShim(clock, { brokerUrl: broker.url, ns, onProblem });
    closing.push(() => shim.close());
    const shown = observer.node({
      of: (tMs) => Math.max(0, tMs - startMs) / 1000,
      now: () => clock.nowUs() / 1e6,
    });
    const unwatch = await watchNodes({
      ...shown,
      brokerUrl: broker.url,
      ns,
      node: id,
      onState(state, from) {
        shown.onState?.(state, from);
        if (ending && !state.online) offline();
      },
      onLog(line, from) {
        shown.onLog?.(line, from);
        if (line.level !== 'error' || !isFault(line.text)) return;
        // The module is loaded again and again; one report is enough.
        if (isOutOfMemory(line.text) && !faults.some(isOutOfMemory)) onProblem(memoryAdvice(board));
        faults.push(line.text);
      },
    });
    closing.push(unwatch);
    // What takes long comes after all that can be wrong with the options and the broker.
    const app = await loadApp(options.app, observer);
    const sensors = assignInputs(inputs, app.metadata.sensors);
    if (stored !== null) storedProblems(stored, app, signer).forEach(observer.onProblem);
    const bytes = packageOf(app, signer.privateKey);
    savePackageDigest(debugFolder(options.app), bytes, app.wasm);
    const { elf } = await buildAgent(board, observer);
    const setup: BoardNodeOptions = {
      board,
      node: {
        id,
        publicKeys: [signer.publicKey],
        product: app.metadata.product,
        group: app.metadata.group,
        first: { sequence: app.sequence, bytes },
      },
      sensors,
      config,
      seed,
      accelerated,
      clock,
      shim,
      folder: folder ?? null,
      speed,
      ...(onTap !== undefined && { onTap }),
      onDebug: (text) => observer.onDebug?.(text, clock.nowUs() / 1e6),
    };
    const first = stored === null ? createHash('sha256').update(bytes).digest() : null;
    observer.onListening({ board: board.name, node: id, brokerUrl: publicUrl(broker.url), first });
    let stopped = false;
    void options.stopped().then(() => {
      stopped = true;
    });
    const node = await BoardNode.start(setup, elf);
    const started = performance.now();
    try {
      await untilEnd(node, setup, options.limitUs, () => stopped);
    } finally {
      await node.close();
    }
    const wallSeconds = (performance.now() - started) / 1000;
    ending = true;
    await shim.close();
    // The observer also gets the messages that reached the broker last.
    await Promise.race([goneOffline, new Promise((resolve) => setTimeout(resolve, BROKER_MS).unref())]);
    return {
      board: board.name,
      seconds: clock.nowUs() / 1e6,
      wallSeconds,
      sensors: Object.fromEntries(sensors.map(({ name }) => [name, node.sensor(name)])),
      work: node.work,
      faults,
    };
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

function tapsTo(folder: string): NonNullable<BoardNodeOptions['onTap']> {
  const write = tapFiles(folder);
  return (name, data) => write({ name, data });
}

interface FiniteInput {
  name: string;
  length: number;
}

/** Whether all inputs that end have been fetched to their end. */
function inputEnded(node: BoardNode, inputs: readonly FiniteInput[]): boolean {
  const over = ({ name, length }: FiniteInput) => {
    const { read, lost } = node.sensor(name);
    return read + lost >= length;
  };
  return inputs.length > 0 && inputs.every(over);
}

/** To the end of the input, to the limit, or until stopped. */
async function untilEnd(
  node: BoardNode,
  { sensors, clock }: BoardNodeOptions,
  limitUs: number | null,
  stopped: () => boolean,
): Promise<void> {
  const finite = sensors.flatMap(({ name, source: { length, rateMilliHz } }) =>
    length === null ? [] : [{ name, length, us: (length * 1e9) / rateMilliHz }],
  );
  // A module that was rejected, or has ended, fetches nothing.
  const patienceUs = Math.max(...finite.map(({ us }) => us)) + PATIENCE_US;
  const limit = limitUs ?? (finite.length > 0 ? patienceUs : Number.MAX_SAFE_INTEGER);
  try {
    await node.runUntil(limit, () => stopped() || (limitUs === null && inputEnded(node, finite)));
    if (!stopped() && clock.nowUs() < limit) await node.runUntil(clock.nowUs() + DRAIN_US, stopped);
  } catch (error) {
    // A terminal's Ctrl-C also ends the emulator.
    if (!(stopped() && error instanceof MoteError && error.code === 'NODE_ENDED')) throw error;
  }
}
