/**
 * `mote demo`: the whole product on real input in half a minute. A node listens to a recording; what it hears comes out of a broker;
 * a better module is swapped in while it listens, then one that hangs, which the node gets rid of by itself.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { MoteError, packagePath } from '../base/index.ts';
import { ENGINE_NAMES, type EngineName } from '../device/engine/index.ts';
import type { OtaStatus } from '../device/link/index.ts';
import { repeat, wavSource } from '../device/node/index.ts';
import { buildPackage, generateKeyPair } from '../device/package/index.ts';
import { startEmbeddedBroker } from '../messaging/broker/index.ts';
import { pushPackage } from '../messaging/gateway/index.ts';
import { DEFAULT_NAMESPACE } from '../messaging/topics/index.ts';
import { loadBoard } from '../toolchain/board/index.ts';
import type { ManifestOverride } from '../toolchain/build/index.ts';
import { builder } from './app.ts';
import { buildAgent } from './board-node.ts';
import { addCommand, choice } from './command.ts';
import { openScreen, soundAt } from './demo-live.ts';
import { boardNode, type DemoNode, type DemoNodeOptions, simulatedNode } from './demo-node.ts';
import type { DemoFacts } from './demo-screen.ts';
import { Exit, formatBytes, type Terminal, table } from './terminal.ts';
import { watchNodes } from './watch.ts';

const NODE = 'demo-node';
const PUSH_STRICT_S = 8;
const PUSH_HANG_S = 17;
const END_S = 26;

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

async function buildReleases(terminal: Terminal, privateKey: KeyObject): Promise<Built[]> {
  const { buildApp } = await builder();
  const built: Built[] = [];
  for (const { label, app, manifest } of RELEASES) {
    const started = performance.now();
    terminal.progress(`building ${label} ...`);
    const { wasm, rom, metadata, sequence, config } = await buildApp(packagePath('assembly', 'apps', app), {
      manifest,
    });
    const bytes = buildPackage({ wasm, rom, metadata, sequence, privateKey });
    built.push({ label, threshold: config.threshold, bytes, sha256: createHash('sha256').update(bytes).digest('hex') });
    terminal.progress('');
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    terminal.line(
      `${terminal.paint('green', '✓')} ${label.padEnd(24)} ${formatBytes(wasm.length)} wasm + ${formatBytes(rom.length)} rom, signed   ${terminal.paint('dim', `${seconds} s`)}`,
    );
  }
  return built;
}

interface Outcome {
  label: string;
  sha256: string;
  verdict: string;
  slot: string;
  swapMs: number | null;
  lost: number | null;
  reason: string;
}

/** Node of the demo: simulated on an engine, or a board. */
type Start = (options: DemoNodeOptions) => Promise<DemoNode>;

/** Builds the board's firmware unless it is there. */
async function prepareBoard(terminal: Terminal, name: string): Promise<Start> {
  const board = loadBoard(name);
  if (board.run === null)
    throw new MoteError('BOARD_RUN', `${name} runs on the hardware only; "mote board list" shows which run here.`);
  const { elf, seconds } = await buildAgent(board, terminal);
  terminal.line(`${terminal.paint('green', '✓')} firmware of ${name}   ${terminal.paint('dim', seconds)}`);
  return (options) => boardNode(board, elf, options);
}

async function demo(terminal: Terminal, engineName: EngineName, boardName: string | undefined): Promise<number> {
  terminal.line(
    `${terminal.paint('bold', 'moteware demo')}: building three modules from TypeScript and a .tflite model`,
  );
  const keys = generateKeyPair();
  const [first, strict, hang] = (await buildReleases(terminal, keys.privateKey)) as [Built, Built, Built];
  const start: Start =
    boardName === undefined ? (options) => simulatedNode(engineName, options) : await prepareBoard(terminal, boardName);
  const broker = await startEmbeddedBroker({ port: 0 });
  const wav = wavSource(readFileSync(packagePath('recordings', 'speech', 'stream.wav')));

  const facts: DemoFacts = {
    seconds: 0,
    endSeconds: END_S,
    platform: boardName ?? engineName,
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
    heard: [],
    updates: [],
  };
  let node: DemoNode | undefined;
  const screen = openScreen(terminal, facts, async () => node?.close());
  const outcomes: Outcome[] = [];
  let version = '';

  const unwatch = await watchNodes({
    brokerUrl: broker.url,
    ns: DEFAULT_NAMESPACE,
    node: NODE,
    onMessage() {
      facts.messages++;
    },
    onState({ birth }) {
      if (birth === null || birth.module === null) return;
      const { name, sequence, slot, state } = birth.module;
      version = birth.module.version;
      facts.threshold = [first, strict][sequence - 1]?.threshold ?? facts.threshold;
      facts.running = slot;
      facts.slots[slot as 0 | 1] = {
        name,
        version,
        sequence,
        sha256: Buffer.from(birth.module.sha256).toString('hex'),
        state,
      };
    },
    onTelemetry({ values }, metric) {
      if (metric?.name === 'score.yes') facts.yes = values.at(-1) ?? 0;
      if (metric?.name === 'score.no') facts.no = values.at(-1) ?? 0;
    },
    onEvent({ name, body }) {
      if (name !== 'keyword') return;
      const { word, score } = body as { word: string; score: number };
      screen.heard(
        `${terminal.paint('cyan', word.padEnd(4))} score ${score}   ${terminal.paint('dim', `by keyword ${version}`)}`,
        { word, score, version },
      );
    },
  });

  const look = (now: DemoNode) => {
    const { read, lost } = now.samples();
    Object.assign(facts, { seconds: now.nowUs() / 1e6, read, lost });
    facts.sound = soundAt(wav, facts.seconds);
    screen.draw();
  };
  let tick: NodeJS.Timeout | undefined;

  const push = async (release: Built): Promise<void> => {
    screen.update(`push ${release.label}`);
    let swap: { swapUs: number; lost: number } | null = null;
    const { state, status } = await pushPackage({
      brokerUrl: broker.url,
      node: NODE,
      bytes: release.bytes,
      onStatus(said) {
        const now = at100MHz(said, node?.instructions() != null);
        if (now.swapUs !== undefined) swap = { swapUs: now.swapUs, lost: now.lost ?? 0 };
        if (now.state === 'rolledback') failSlot(facts, release.sha256);
        screen.status(now);
      },
    });
    const taken = swap as { swapUs: number; lost: number } | null;
    outcomes.push({
      label: release.label,
      sha256: release.sha256,
      verdict: state === 'rolledback' ? 'rolled back' : state,
      slot: 'AB'[facts.slots.findIndex((slot) => slot?.sha256 === release.sha256)] ?? '-',
      swapMs: taken && taken.swapUs / 1000,
      lost: taken?.lost ?? null,
      reason: status.reason?.code ?? '',
    });
  };
  const story = async (now: DemoNode): Promise<void> => {
    await now.until(PUSH_STRICT_S * 1e6);
    await push(strict);
    await now.until(PUSH_HANG_S * 1e6);
    // What the next one burns until it is stopped is no work of listening.
    const instructions = now.instructions();
    if (instructions !== null) facts.instructionsPerSecond = instructions / (now.nowUs() / 1e6);
    await push(hang);
    await now.until(END_S * 1e6);
  };
  try {
    const now = await start({
      id: NODE,
      publicKey: keys.publicKey,
      first: first.bytes,
      microphone: repeat(wav),
      brokerUrl: broker.url,
    });
    node = now;
    tick = setInterval(look, 100, now);
    await Promise.race([story(now), now.failed]);
    look(now);
  } finally {
    clearInterval(tick);
    screen.close();
    await node?.close();
    unwatch();
    await broker.close();
  }
  return conclude(terminal, facts, outcomes);
}

function failSlot(facts: DemoFacts, sha256: string): void {
  const failed = facts.slots.find((slot) => slot?.sha256 === sha256);
  if (failed) failed.state = 'failed';
}

/** A clock that real microcontrollers have; an instruction takes a cycle or a little more. */
const CLOCK_HZ = 100e6;

/** Where instructions are counted, the processor's clock is a nanosecond for each: a swap takes as long as on one of 100 MHz. */
function at100MHz(status: OtaStatus, counted: boolean): OtaStatus {
  if (!counted || status.swapUs === undefined) return status;
  return { ...status, swapUs: (status.swapUs * 1e9) / CLOCK_HZ };
}

function conclude(terminal: Terminal, facts: DemoFacts, outcomes: Outcome[]): number {
  const { instructionsPerSecond } = facts;
  const realTime = instructionsPerSecond === null ? null : CLOCK_HZ / instructionsPerSecond;
  const expected =
    outcomes.map((outcome) => outcome.verdict).join() === 'confirmed,rolled back' &&
    facts.lost === 0 &&
    facts.heard.length > 0 &&
    (realTime === null || realTime >= 1);
  terminal.data({
    type: 'end',
    ok: expected,
    heard: facts.heard.length,
    messages: facts.messages,
    read: facts.read,
    lost: facts.lost,
    outcomes,
    ...(realTime !== null && { instructionsPerSecond, realTimeAt100MHz: realTime }),
  });
  terminal.line();
  const swap = realTime === null ? 'swap' : 'swap at 100 MHz';
  const head = ['module', 'digest', 'slot', swap, 'lost', 'verdict', 'why'].map((text) => terminal.paint('bold', text));
  const rows = outcomes.map(({ label, sha256, slot, swapMs, lost, verdict, reason }) => [
    label,
    sha256.slice(0, 8),
    slot,
    swapMs === null ? '-' : `${swapMs.toFixed(2)} ms`,
    lost === null ? '-' : `${lost} samples`,
    terminal.paint(verdict === 'confirmed' ? 'green' : 'yellow', verdict),
    reason,
  ]);
  for (const line of table([head, ...rows])) terminal.line(line);
  terminal.line();
  terminal.line(
    `${facts.read.toLocaleString('en')} samples read, ${facts.lost} lost; ${facts.heard.length} words heard; ${facts.messages} MQTT messages`,
  );
  if (realTime !== null)
    terminal.line(
      `${(instructionsPerSecond! / 1e6).toFixed(1)} M instructions a second on ${facts.platform}: ${realTime.toFixed(1)} times real time at 100 MHz`,
    );
  terminal.line(
    terminal.paint(
      expected ? 'green' : 'red',
      expected
        ? 'All as it should be: one swap without a gap, one bad module gone by itself.'
        : 'Not as it should be: see above.',
    ),
  );
  terminal.line();
  terminal.line('Next:');
  const next = [
    ['npx mote new my-sensor', 'a project of your own'],
    ['npx mote model inspect MODEL.tflite', 'what your model becomes on a node'],
    ['npx mote run --board mps2-an386', "an app on a board's own firmware"],
    ['npx mote shim', 'a gateway for nodes, as of mote sim --connect'],
    ['docs/getting-started.md', 'the guide'],
  ];
  for (const line of table(next.map(([what = '', says = '']) => [`  ${what}`, terminal.paint('dim', says)])))
    terminal.line(line);
  return expected ? Exit.ok : Exit.failed;
}

export function registerDemo(program: Command): void {
  addCommand<[], { engine: string; board?: string }>(program, {
    usage: 'demo',
    says: 'Shows the whole product on a recording: a keyword node, its broker, a live swap, and a bad module that rolls back. Takes half a minute.',
    failure: 'The demo did not end as expected.',
    options: [
      ['-e, --engine <name>', `of the simulated node: ${ENGINE_NAMES.join(' or ')}`, 'wasm3'],
      ['-b, --board <name>', "the node is this board's firmware in its emulator instead, such as mps2-an386"],
    ],
    examples: ['mote demo', 'mote demo --engine v8 --json', 'mote demo --board mps2-an386'],
    run: ({ terminal, options }) => demo(terminal, choice(options.engine, 'engine', ENGINE_NAMES), options.board),
  });
}
