/**
 * The whole product on real input in half a minute. A node listens to a recording, and a broker delivers what it recognises. A better module
 * is swapped in while it listens, then one that hangs, which the node rolls back by itself.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MoteError, packagePath } from '../../base/index.ts';
import type { EngineName } from '../../device/engine/index.ts';
import type { OtaStatus, SlotState } from '../../device/link/index.ts';
import { repeat, type SensorSource, wavSource } from '../../device/node/index.ts';
import { buildPackage, generateKeyPair } from '../../device/package/index.ts';
import { startEmbeddedBroker } from '../../messaging/broker/index.ts';
import { pushPackage } from '../../messaging/gateway/index.ts';
import { watchNodes } from '../../messaging/monitor/index.ts';
import { DEFAULT_NAMESPACE } from '../../messaging/topics/index.ts';
import { buildAgent, type FirmwareObserver, loadBoard } from '../board/index.ts';
import type { ManifestOverride } from '../build/index.ts';
import { boardNode, type DemoNode, type DemoNodeOptions, simulatedNode } from './demo-node.ts';

const NODE = 'demo-node';
const PUSH_STRICT_S = 8;
const PUSH_HANG_S = 17;
const END_S = 26;
/** A clock rate of real microcontrollers. An instruction takes a cycle or a little more. */
const CLOCK_HZ = 100e6;
const DRAW_MS = 100;

export interface DemoSlot {
  name: string;
  version: string;
  sequence: number;
  sha256: string;
  state: SlotState;
}

/** The state of a running demo. */
export interface DemoFacts {
  /** Time of the node in seconds, and of the whole demo. */
  seconds: number;
  endSeconds: number;
  /** The engine or the board that the node runs on. */
  platform: string;
  brokerUrl: string;
  threshold: number;
  /** Peaks of the last seconds of sound, oldest first, 0 .. 32767. */
  sound: number[];
  /** Scores as the broker delivered them, 0 .. 255. */
  yes: number;
  no: number;
  slots: [DemoSlot | null, DemoSlot | null];
  running: number | null;
  read: number;
  lost: number;
  /** Of the node while it listens, where they are counted. */
  instructionsPerSecond: number | null;
  messages: number;
  words: number;
}

/** What became of one pushed module. */
export interface DemoOutcome {
  label: string;
  sha256: string;
  verdict: string;
  slot: string;
  swapMs: number | null;
  lost: number | null;
  reason: string;
}

export interface DemoResult {
  facts: DemoFacts;
  outcomes: DemoOutcome[];
  /** How many times faster than real time the node would be at 100 MHz, where instructions are counted. */
  realTime: number | null;
  /** One module confirmed, one rolled back, no sample lost, and a node that is fast enough. */
  ok: boolean;
}

/** Follows the demo from the moment when the node starts. */
export interface DemoScreen {
  /** The facts have changed. */
  draw(): void;
  onWord(word: string, score: number, version: string): void;
  onPush(label: string): void;
  onStatus(status: OtaStatus): void;
  close(): void;
}

export interface DemoObserver extends FirmwareObserver {
  onModuleBuild(label: string): void;
  onModuleBuilt(built: { label: string; wasmBytes: number; romBytes: number; seconds: number }): void;
  onFirmware(firmware: { board: string; seconds: number }): void;
  /** Opens the screen. `closeNode` is for a screen that ends the process. */
  open(facts: DemoFacts, closeNode: () => Promise<void>): DemoScreen;
}

interface Release {
  label: string;
  app: string;
  manifest: ManifestOverride;
}

const RELEASES: [Release, Release, Release] = [
  { label: 'keyword 1.0.0', app: 'keyword', manifest: { version: '1.0.0', sequence: 1, config: { threshold: 200 } } },
  {
    label: 'keyword 1.1.0, stricter',
    app: 'keyword',
    manifest: { version: '1.1.0', sequence: 2, config: { threshold: 245 } },
  },
  { label: 'faulty 1.2.0, hangs', app: 'faulty', manifest: { version: '1.2.0', sequence: 3 } },
];

interface Built {
  label: string;
  threshold: number | undefined;
  bytes: Uint8Array;
  sha256: string;
}

async function buildReleases(privateKey: KeyObject, observer: DemoObserver): Promise<Built[]> {
  const { buildApp } = await import('../build/index.ts');
  const built: Built[] = [];
  for (const { label, app, manifest } of RELEASES) {
    const started = performance.now();
    observer.onModuleBuild(label);
    const { wasm, rom, metadata, sequence, config } = await buildApp(packagePath('assembly', 'apps', app), {
      manifest,
    });
    const bytes = buildPackage({ wasm, rom, metadata, sequence, privateKey });
    built.push({ label, threshold: config.threshold, bytes, sha256: createHash('sha256').update(bytes).digest('hex') });
    const seconds = (performance.now() - started) / 1000;
    observer.onModuleBuilt({ label, wasmBytes: wasm.length, romBytes: rom.length, seconds });
  }
  return built;
}

type Start = (options: DemoNodeOptions) => Promise<DemoNode>;

/** Builds the board's firmware unless that was done before. */
async function prepareBoard(name: string, observer: DemoObserver): Promise<Start> {
  const board = loadBoard(name);
  if (board.run === null)
    throw new MoteError('BOARD_RUN', `${name} runs on the hardware only; "mote board list" shows which run here.`);
  const { elf, seconds } = await buildAgent(board, observer);
  observer.onFirmware({ board: name, seconds });
  return (options) => boardNode(board, elf, options);
}

/** Peaks of each 60 ms of the last four seconds. */
function soundAt(wav: SensorSource, seconds: number): number[] {
  const cell = new Int16Array(960);
  const looped = repeat(wav);
  const end = Math.floor((seconds * 16_000) / cell.length);
  return Array.from({ length: 66 }, (_, i) => {
    const index = end - 66 + i;
    if (index < 0) return 0;
    looped.read(index * cell.length, cell);
    return cell.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
  });
}

/** Runs the demo on a simulated node, or on a board's firmware in its emulator. */
export async function runDemo(
  { engine, board }: { engine: EngineName; board?: string | undefined },
  observer: DemoObserver,
): Promise<DemoResult> {
  const keys = generateKeyPair();
  const [first, strict, hang] = (await buildReleases(keys.privateKey, observer)) as [Built, Built, Built];
  const start: Start =
    board === undefined ? (options) => simulatedNode(engine, options) : await prepareBoard(board, observer);
  const broker = await startEmbeddedBroker({ port: 0 });
  const wav = wavSource(readFileSync(packagePath('recordings', 'speech', 'stream.wav')));

  const facts: DemoFacts = {
    seconds: 0,
    endSeconds: END_S,
    platform: board ?? engine,
    brokerUrl: broker.url,
    threshold: first.threshold ?? 0,
    sound: [],
    yes: 0,
    no: 0,
    slots: [null, null],
    running: null,
    read: 0,
    lost: 0,
    instructionsPerSecond: null,
    messages: 0,
    words: 0,
  };
  let node: DemoNode | undefined;
  const screen = observer.open(facts, async () => node?.close());
  const outcomes: DemoOutcome[] = [];
  const unwatch = await watch(facts, screen, [first, strict]);

  const draw = (now: DemoNode) => {
    const { read, lost } = now.samples();
    Object.assign(facts, { seconds: now.nowUs() / 1e6, read, lost });
    facts.sound = soundAt(wav, facts.seconds);
    screen.draw();
  };
  const push = async (now: DemoNode, release: Built): Promise<void> => {
    screen.onPush(release.label);
    outcomes.push(await pushRelease(release, now, facts, screen));
  };
  const story = async (now: DemoNode): Promise<void> => {
    await now.until(PUSH_STRICT_S * 1e6);
    await push(now, strict);
    await now.until(PUSH_HANG_S * 1e6);
    // The instructions that the hanging module spends are not part of listening.
    const instructions = now.instructions();
    if (instructions !== null) facts.instructionsPerSecond = instructions / (now.nowUs() / 1e6);
    await push(now, hang);
    await now.until(END_S * 1e6);
  };
  let tick: NodeJS.Timeout | undefined;
  try {
    const now = await start({
      id: NODE,
      publicKey: keys.publicKey,
      first: first.bytes,
      microphone: repeat(wav),
      brokerUrl: broker.url,
    });
    node = now;
    tick = setInterval(draw, DRAW_MS, now);
    await Promise.race([story(now), now.failed]);
    draw(now);
  } finally {
    clearInterval(tick);
    screen.close();
    await node?.close();
    unwatch();
    await broker.close();
  }
  return conclude(facts, outcomes);
}

/** Updates facts and screen with what the node publishes. `releases` are the ones that listen, by sequence. */
function watch(facts: DemoFacts, screen: DemoScreen, releases: Built[]): Promise<() => void> {
  let version = '';
  return watchNodes({
    brokerUrl: facts.brokerUrl,
    ns: DEFAULT_NAMESPACE,
    node: NODE,
    onMessage() {
      facts.messages++;
    },
    onState({ birth }) {
      if (birth === null || birth.module === null) return;
      const { name, sequence, slot, state, sha256 } = birth.module;
      version = birth.module.version;
      facts.threshold = releases[sequence - 1]?.threshold ?? facts.threshold;
      facts.running = slot;
      facts.slots[slot as 0 | 1] = { name, version, sequence, sha256: Buffer.from(sha256).toString('hex'), state };
    },
    onTelemetry({ values }, metric) {
      if (metric?.name === 'score.yes') facts.yes = values.at(-1) ?? 0;
      if (metric?.name === 'score.no') facts.no = values.at(-1) ?? 0;
    },
    onEvent({ name, body }) {
      if (name !== 'keyword') return;
      const { word, score } = body as { word: string; score: number };
      facts.words++;
      screen.onWord(word, score, version);
    },
  });
}

async function pushRelease(
  { label, bytes, sha256 }: Built,
  node: DemoNode,
  facts: DemoFacts,
  screen: DemoScreen,
): Promise<DemoOutcome> {
  let swap: { swapMs: number; lost: number } | null = null;
  const { state, status } = await pushPackage({
    brokerUrl: facts.brokerUrl,
    node: NODE,
    bytes,
    onStatus(reported) {
      const now = at100MHz(reported, node.instructions() !== null);
      if (now.swapUs !== undefined) swap = { swapMs: now.swapUs / 1000, lost: now.lost ?? 0 };
      if (now.state === 'rolledback') failSlot(facts, sha256);
      screen.onStatus(now);
    },
  });
  const taken = swap as { swapMs: number; lost: number } | null;
  return {
    label,
    sha256,
    verdict: state === 'rolledback' ? 'rolled back' : state,
    slot: 'AB'[facts.slots.findIndex((slot) => slot?.sha256 === sha256)] ?? '-',
    swapMs: taken?.swapMs ?? null,
    lost: taken?.lost ?? null,
    reason: status.reason?.code ?? '',
  };
}

function failSlot(facts: DemoFacts, sha256: string): void {
  const failed = facts.slots.find((slot) => slot?.sha256 === sha256);
  if (failed) failed.state = 'failed';
}

/** Where instructions are counted, each takes a nanosecond. Returns the time that the swap takes at 100 MHz. */
function at100MHz(status: OtaStatus, counted: boolean): OtaStatus {
  if (!counted || status.swapUs === undefined) return status;
  return { ...status, swapUs: (status.swapUs * 1e9) / CLOCK_HZ };
}

function conclude(facts: DemoFacts, outcomes: DemoOutcome[]): DemoResult {
  const { instructionsPerSecond, lost, words } = facts;
  const realTime = instructionsPerSecond === null ? null : CLOCK_HZ / instructionsPerSecond;
  const ok =
    outcomes.map(({ verdict }) => verdict).join() === 'confirmed,rolled back' &&
    lost === 0 &&
    words > 0 &&
    (realTime === null || realTime >= 1);
  return { facts, outcomes, realTime, ok };
}
