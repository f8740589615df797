/** `mote run`: an app on a board's real firmware, in an emulator (or as a process), as a live node with a gateway and broker of its own. */
import { createPublicKey } from 'node:crypto';
import type { Command } from 'commander';
import { MoteError, VirtualClock } from '../base/index.ts';
import type { SensorSource } from '../device/node/index.ts';
import { encodeMetadata, generateKeyPair, loadPublicKey, type Package, parsePackage } from '../device/package/index.ts';
import type { Shim } from '../messaging/gateway/index.ts';
import { DEFAULT_NAMESPACE, isNodeId } from '../messaging/topics/index.ts';
import { type Board, boardNames, loadBoard, requireRun } from '../toolchain/board/index.ts';
import { type App, checkSettings, findPrivateKey, loadApp, packageOf } from './app.ts';
import { BoardNode, type BoardNodeOptions, buildAgent, type KeptNode, keptNode, virtualShim } from './board-node.ts';
import { addCommand, choice, integer, interrupted, settings } from './command.ts';
import { INPUT_HELP, parseInputs } from './inputs.ts';
import { Printer } from './report.ts';
import { openBroker } from './shim.ts';
import { tapFiles } from './sim.ts';
import { Exit, formatBytes, type Terminal } from './terminal.ts';
import { printing, tellProblem, watchNodes } from './watch.ts';

interface RunOptions {
  board: string;
  input: string[];
  set: string[];
  accel: string;
  taps?: string;
  telemetry?: boolean;
  seconds?: string;
  speed: string;
  loop?: boolean;
  seed: string;
  broker: string;
  ns: string;
  node?: string;
  dir?: string;
  key?: string;
  trust?: string;
}

/** What the agent says of itself among the metrics. */
const VITAL = /^agent\./;
/** A fault, as the agent logs it. */
const FAULT = /^[A-Z][A-Z0-9_]+ (load|init|step|on_message|health): /;
/** A module that the board's memory is too small for, as the agent and wasm3 say it. */
const NO_ROOM = /^(MODULE_MEMORY load|WASM_LOAD load: .*allocation failed)/;
/** After the input's end: what was said last goes over the link, and no window of zeros is full. */
const DRAIN_US = 2000;
/** After the time of an input that nobody fetches: a module may have been restarted. */
const PATIENCE_US = 10_000_000;
/** A broker has the last message for us after this, or never. */
const BROKER_MS = 2000;
const CLOCK_HZ = 100e6;

/** Signs the app and says whom a new node trusts. Without any key one is made for this run. */
function keysOf(path: string, app: App, options: RunOptions, kept: KeptNode | null, terminal: Terminal) {
  const found = findPrivateKey(options.key, path);
  const signer = found?.key ?? (app.package === null ? generateKeyPair().privateKey : null);
  if (signer === null && options.trust === undefined)
    throw new MoteError(
      'KEY_MISSING',
      'A package runs only where its key is trusted: name the public one with --trust.',
    );
  const given = found !== null || options.trust !== undefined;
  if (!given && kept === null)
    terminal.line(
      terminal.paint('dim', 'no key: one was made for this run; to push to it, give --key ("mote key new")'),
    );
  const publicKey = options.trust === undefined ? createPublicKey(signer!) : loadPublicKey(options.trust);
  return { bytes: packageOf(app, signer), publicKey, given };
}

/** The node's name: of the flash that it has, else the one given, else the board's. */
function nameOf(board: Board, { node, dir }: RunOptions, kept: KeptNode | null): string {
  const id = node ?? kept?.id ?? board.name;
  if (!isNodeId(id)) throw new MoteError('NODE_ID', `"${id}" is no node id; use 1 to 64 letters, digits, "_" and "-".`);
  if (kept !== null && kept.id !== id)
    throw new MoteError(
      'NODE_ID',
      `The flash in ${dir} is that of the node ${kept.id}, not of ${id}: leave --node out, or name another --dir.`,
    );
  return id;
}

/** Says what of the command line a node that was set up before passes over. */
function tellKept(kept: KeptNode, { bytes, publicKey, given }: ReturnType<typeof keysOf>, terminal: Terminal): void {
  const { id, running, publicKeys } = kept;
  const tell = (text: string) => tellProblem(terminal, new MoteError('NODE_KEPT', text));
  if (running !== null && !sameModule(running, parsePackage(bytes)))
    tell(
      `${id} keeps what its flash holds, ${running.metadata.name} ${running.metadata.version}, which isn't the app given; "mote push" updates it.`,
    );
  if ((given || running === null) && !publicKeys.some((key) => key.equals(publicKey)))
    tell(`${id} keeps the keys that its flash holds, and refuses what this run's key signs; another --dir trusts it.`);
}

function sameModule(a: Package, b: Package): boolean {
  const parts = ({ wasm, rom, metadata }: Package) => [wasm, rom, encodeMetadata(metadata)];
  const others = parts(b);
  return parts(a).every((part, i) => Buffer.compare(part, others[i]!) === 0);
}

function speedOf(text: string): number {
  if (text === 'max') return Number.POSITIVE_INFINITY;
  const speed = Number(text);
  if (speed > 0 && speed <= 1000) return speed;
  throw new MoteError(
    'USAGE',
    `--speed takes "max", or how many seconds of the node go by in one, such as 1; got "${text}".`,
  );
}

/** What to do about a module that is too large for a board. */
function noRoom({ name, memory }: Board): MoteError {
  const bytes = memory?.ram.bytes ?? Number.POSITIVE_INFINITY;
  const larger = boardNames()
    .map(loadBoard)
    .filter(({ run, memory }) => run !== null && (memory?.ram.bytes ?? Number.POSITIVE_INFINITY) > bytes);
  const size = memory === null ? '' : ` (${formatBytes(bytes)} of RAM, less what the firmware takes)`;
  const others = larger.map(({ name }) => name).join(', ');
  return new MoteError(
    'BOARD_MEMORY',
    `The memory of ${name}${size} isn't enough for this module: use a smaller model${others === '' ? '' : `, or a board that has more (${others})`}.`,
  );
}

interface Finite {
  name: string;
  length: number;
}

/** Whether all inputs that end have been fetched to their end. */
function inputEnded(node: BoardNode, finite: readonly Finite[]): boolean {
  const over = ({ name, length }: Finite) => {
    const { read, lost } = node.sensor(name);
    return read + lost >= length;
  };
  return finite.length > 0 && finite.every(over);
}

async function runBoard(path: string, options: RunOptions, terminal: Terminal): Promise<number> {
  const board = loadBoard(options.board);
  requireRun(board);
  const kept = options.dir === undefined ? null : keptNode(board, options.dir);
  const id = nameOf(board, options, kept);
  const seed = integer(options.seed, 'seed', 0, 0xffff_ffff);
  const speed = speedOf(options.speed);
  const limitUs = options.seconds === undefined ? null : integer(options.seconds, 'seconds', 1, 1e9) * 1e6;
  const accelerated = choice(options.accel, 'accel', ['on', 'off']) === 'on';
  const config = options.set.length === 0 ? null : settings(options.set);
  const app = await loadApp(path, terminal);
  await checkSettings(path, Object.keys(config ?? {}));
  const sensors = parseInputs(options.input, app.metadata.sensors, { seed, loop: options.loop === true });
  const keys = keysOf(path, app, options, kept, terminal);
  const { bytes, publicKey } = keys;
  if (kept !== null) tellKept(kept, keys, terminal);
  const { elf } = await buildAgent(board, terminal);
  const clock = new VirtualClock(Date.now());
  const broker = await openBroker(options.broker, undefined, (error) => tellProblem(terminal, error));
  const printer = new Printer(terminal, { telemetry: options.telemetry === true });
  const faults: string[] = [];
  let shim: Shim | undefined;
  let unwatch = () => {};
  try {
    let ending = false;
    let gone = () => {};
    const offline = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const gateway = virtualShim(clock, {
      brokerUrl: broker.url,
      ns: options.ns,
      onProblem: (error) => tellProblem(terminal, error),
    });
    shim = gateway.shim;
    const times = { of: (tMs: number) => Math.max(0, tMs - gateway.startMs) / 1000, now: () => clock.nowUs() / 1e6 };
    const printed = printing(terminal, printer, times);
    unwatch = await watchNodes({
      ...printed,
      brokerUrl: broker.url,
      ns: options.ns,
      node: id,
      onState(state) {
        printed.onState(state, id);
        if (ending && !state.online) gone();
      },
      onLog(line) {
        printed.onLog(line, id);
        if (line.level !== 'error' || !FAULT.test(line.text)) return;
        // It is loaded again and again; once told is enough.
        if (NO_ROOM.test(line.text) && !faults.some((text) => NO_ROOM.test(text))) tellProblem(terminal, noRoom(board));
        faults.push(line.text);
      },
    });
    const setup: BoardNodeOptions = {
      board,
      node: { id, publicKeys: [publicKey], first: { sequence: app.sequence, bytes } },
      sensors: sensors.map(({ name, source }) => ({ name, source: source as SensorSource })),
      config,
      seed,
      accelerated,
      clock,
      shim,
      folder: options.dir ?? null,
      speed,
      ...(options.taps !== undefined && { onTap: tapsTo(options.taps, clock) }),
      onDebug: (text) => printer.log({ t: clock.nowUs() / 1e6, level: 'debug', text }),
    };
    terminal.data({ type: 'listening', board: board.name, node: id, broker: broker.url, ns: options.ns });
    const push = `mote push APP --node ${id}${broker.url === 'mqtt://127.0.0.1:1883' ? '' : ` --broker ${broker.url}`}`;
    terminal.line(terminal.paint('dim', `${id} on ${board.name}; "${push}" updates it; Ctrl-C ends it`));
    let stopped = false;
    void interrupted().then(() => {
      stopped = true;
    });
    const node = await BoardNode.start(setup, elf);
    const wallMs = performance.now();
    try {
      await untilEnd(node, setup, limitUs, () => stopped);
    } finally {
      await node.close();
    }
    const seconds = (performance.now() - wallMs) / 1000;
    ending = true;
    await shim.close();
    // What the broker got last, we get.
    await Promise.race([offline, new Promise((resolve) => setTimeout(resolve, BROKER_MS).unref())]);
    summary(terminal, { board, node, printer, setup, wallSeconds: seconds, faults });
    return faults.length > 0 ? Exit.failed : Exit.ok;
  } finally {
    unwatch();
    await shim?.close();
    await broker.own?.close();
  }
}

/** To the end of the input, for --seconds, or until stopped. */
async function untilEnd(
  node: BoardNode,
  { sensors, clock }: BoardNodeOptions,
  limitUs: number | null,
  stopped: () => boolean,
): Promise<void> {
  const finite = sensors.flatMap(({ name, source: { length, rateMilliHz } }) =>
    length === null ? [] : [{ name, length, us: (length * 1e9) / rateMilliHz }],
  );
  // A module that was refused, or ended, fetches nothing.
  const patienceUs = Math.max(...finite.map(({ us }) => us)) + PATIENCE_US;
  const limit = limitUs ?? (finite.length > 0 ? patienceUs : Number.MAX_SAFE_INTEGER);
  try {
    await node.runUntil(limit, () => stopped() || (limitUs === null && inputEnded(node, finite)));
    if (!stopped() && clock.nowUs() < limit) await node.runUntil(clock.nowUs() + DRAIN_US, stopped);
  } catch (error) {
    // A terminal's Ctrl-C ends the emulator, too.
    if (!(stopped() && error instanceof MoteError && error.code === 'NODE_ENDED')) throw error;
  }
}

function tapsTo(dir: string, clock: VirtualClock): NonNullable<BoardNodeOptions['onTap']> {
  const write = tapFiles(dir);
  return (name, data) => write({ name, data, tUs: clock.nowUs() });
}

interface Outcome {
  board: Board;
  node: BoardNode;
  printer: Printer;
  setup: BoardNodeOptions;
  wallSeconds: number;
  faults: string[];
}

function summary(terminal: Terminal, { board, node, printer, setup, wallSeconds, faults }: Outcome): void {
  const t = setup.clock.nowUs() / 1e6;
  const { work } = node;
  const sensors = Object.fromEntries(setup.sensors.map(({ name }) => [name, node.sensor(name)]));
  const metrics = [...printer.metrics.values()];
  const vitals = Object.fromEntries(
    metrics.filter(({ name }) => VITAL.test(name)).map(({ name, most }) => [name.slice(6), most]),
  );
  const mips = work === null ? null : work.instructions / t / 1e6;
  terminal.data({
    type: 'end',
    t,
    wallSeconds,
    realTimeRatio: t / wallSeconds,
    board: board.name,
    events: printer.events,
    faults: faults.length,
    sensors,
    metrics: metrics.map(({ peaks: _peaks, ...rest }) => rest),
    vitals,
    ...(work !== null && {
      instructions: work.instructions,
      longestInstructions: work.longest,
      realTimeAt100MHz: CLOCK_HZ / 1e6 / mips!,
    }),
  });
  const pictures = printer.summary((name) => !VITAL.test(name));
  if (pictures.length > 0) terminal.line();
  for (const line of pictures) terminal.line(line);
  terminal.line();
  const read = Object.entries(sensors).map(([name, { read, lost }]) => `${name}: ${read} samples read, ${lost} lost`);
  const lines = [`${printer.events} events; ${read.join('; ')}`];
  if (work !== null)
    lines.push(
      `${(work.instructions / 1e6).toFixed(1)} M instructions, ${mips!.toFixed(2)} M a second: ${(CLOCK_HZ / 1e6 / mips!).toFixed(1)} times real time at 100 MHz`,
    );
  const known = [
    ['stack', 'stack'],
    ['heap', 'heap_peak'],
    ['slot', 'slot'],
  ].flatMap(([label, name]) => (vitals[name!] === undefined ? [] : [`${label} ${formatBytes(vitals[name!]!)}`]));
  if (known.length > 0) lines.push(`most used: ${known.join(', ')}`);
  lines.push(`${t.toFixed(1)} s in ${wallSeconds.toFixed(2)} s on ${board.name}`);
  for (const line of lines) terminal.line(terminal.paint('dim', line));
}

export function registerRun(program: Command): void {
  addCommand<[string?], RunOptions>(program, {
    usage: 'run [app]',
    says: "Runs an app (a folder, or a .mote file) on a board's own firmware, in QEMU or as a process, with a gateway and a broker around it: its events and telemetry come out of the broker, and it takes updates.",
    failure: 'A module faulted.',
    options: [
      ['-b, --board <name>', 'which board ("mote board list")', 'mps2-an386'],
      ['-i, --input <[sensor=]source...>', INPUT_HELP],
      ['--accel <on|off>', "the board's native operators, or the module's own", 'on'],
      ['--taps <dir>', 'record each tap to DIR/NAME.bin'],
      ['--telemetry', 'show each telemetry frame, too'],
      ['--set <name=value...>', 'a setting of the app, as config would'],
      ['--seconds <n>', 'stop after so much time of the node; default: at the end of the input'],
      ['--speed <n|max>', 'seconds of the node in one of this machine', '1'],
      ['--loop', 'play inputs again and again'],
      ['--seed <n>', 'of random numbers and noise', '1'],
      ['--broker <url>', 'mqtt://[user:password@]host:port, or embedded[:port]', 'embedded:0'],
      ['--ns <name>', 'first part of all topics', DEFAULT_NAMESPACE],
      ['-n, --node <id>', "the node's name; default: that of the flash in --dir, else the board's"],
      ['--dir <dir>', 'keep the work folder, with flash.bin, here'],
      [
        '-k, --key <file>',
        'private key: signs the app, and the node trusts it; default: release.pem where there is one',
      ],
      ['--trust <file>', 'public key that the node trusts instead'],
    ],
    examples: [
      'mote run --board mps2-an386 . --input recording.wav',
      'mote run --board riscv-virt . --input recording.wav --speed max --taps taps --json',
      'mote run --board lm3s6965evb . --input recording.csv:rate=1000 --loop --dir press-7 --node press-7',
    ],
    run: ({ terminal, options, args: [path = '.'] }) => runBoard(path, options, terminal),
  });
}
