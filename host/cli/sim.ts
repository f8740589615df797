/** `mote sim`: an app on a simulated node: recordings in, events out; with --connect, a node that lives behind a gateway. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Clock, MoteError, RealClock, VirtualClock } from '../base/index.ts';
import { ENGINE_NAMES, loadEngine } from '../device/engine/index.ts';
import { FileFlash, type Flash } from '../device/flash/index.ts';
import { Node, type NodeOptions, provision, runToEnd, volatileFlash } from '../device/node/index.ts';
import { loadPublicKey } from '../device/package/index.ts';
import { type App, checkSettings, findPrivateKey, loadApp, packageOf } from './app.ts';
import { addCommand, choice, integer, interrupted, makeFolder, settings } from './command.ts';
import { keepConnected, parseAddress } from './connect.ts';
import { INPUT_HELP, parseInputs } from './inputs.ts';
import { Printer, printingHooks } from './report.ts';
import { Exit, type Terminal } from './terminal.ts';

interface SimOptions {
  input: string[];
  set: string[];
  engine: string;
  taps?: string;
  telemetry?: boolean;
  realtime?: boolean;
  seconds?: string;
  seed: string;
  loop?: boolean;
  connect?: string;
  node: string;
  state?: string;
  key?: string;
  trust?: string;
}

/** Writes each tap to a file of its own, new in this run. It, and what it returns, throws `FILE`. */
export function tapFiles(dir: string): NonNullable<NonNullable<NodeOptions['hooks']>['onTap']> {
  makeFolder(dir, '--taps');
  const started = new Set<string>();
  return ({ name, data }) => {
    const path = join(dir, `${name.replace(/[^\w.-]/g, '_').replace(/^\.+/, '_')}.bin`);
    try {
      if (started.has(path)) appendFileSync(path, data);
      else writeFileSync(path, data);
    } catch (cause) {
      throw new MoteError(
        'FILE',
        `--taps: ${path} can't be written (${(cause as Error).message}); name another folder, or make room.`,
        { cause },
      );
    }
    started.add(path);
  };
}

const FLASH = { sizeBytes: 1 << 20, pageBytes: 4096, writeBytes: 4 };

interface Keys {
  signer: ReturnType<typeof findPrivateKey>;
  /** Path of the key that the node trusts. */
  trusted: string;
}

function keysOf(path: string, options: SimOptions): Keys {
  const signer = findPrivateKey(options.key, path);
  const trusted = options.trust ?? signer?.path;
  if (trusted !== undefined) return { signer, trusted };
  throw new MoteError(
    'KEY_MISSING',
    'A node that takes updates must trust a key: "mote key new" makes one, --key or --trust names it.',
  );
}

/** The parts of a node that takes updates: its flash with a first package, and whom it trusts. */
function updatable(app: App, { signer, trusted }: Keys, flash: Flash): Pick<NodeOptions, 'flash' | 'publicKeys'> {
  provision(flash, app.sequence, packageOf(app, signer?.key ?? null));
  return { flash, publicKeys: [loadPublicKey(trusted)] };
}

function summary(terminal: Terminal, node: Node, made: Printer, simUs: number, wallMs: number, engine: string): void {
  const status = node.status();
  const ratio = simUs / 1000 / wallMs;
  terminal.data({
    type: 'end',
    t: simUs / 1e6,
    wallSeconds: wallMs / 1000,
    realTimeRatio: ratio,
    engine,
    events: made.events,
    steps: status.steps,
    faults: status.faults,
    maxFuel: status.maxFuel,
    sensors: status.sensors,
    metrics: [...made.metrics.values()].map(({ peaks: _peaks, ...rest }) => rest),
  });
  if (made.metrics.size > 0) terminal.line();
  for (const line of made.summary()) terminal.line(line);
  const sensors = Object.entries(status.sensors).map(
    ([name, { produced, read, lost }]) => `${name}: ${read} of ${produced} samples read, ${lost} lost`,
  );
  terminal.line();
  for (const line of [
    `${made.events} events; ${sensors.join('; ')}`,
    `${(simUs / 1e6).toFixed(1)} s in ${(wallMs / 1000).toFixed(2)} s, ${ratio.toFixed(1)} times real time on ${engine}`,
  ]) {
    terminal.line(terminal.paint('dim', line));
  }
}

/** Runs in virtual time to the end of the input. */
function runVirtual(node: Node, clock: VirtualClock, limitUs: number): void {
  node.start();
  runToEnd(clock, [node], { limitUs, drainMs: 0 });
}

/** Runs by the wall clock: to the end of the input, for --seconds, or until stopped. */
async function runReal(
  node: Node,
  clock: Clock,
  limitUs: number,
  options: SimOptions,
  terminal: Terminal,
): Promise<void> {
  node.start();
  const disconnect =
    options.connect === undefined
      ? () => {}
      : keepConnected(node, parseAddress(options.connect, '--connect'), (text) =>
          terminal.line(terminal.paint('yellow', text)),
        );
  const endUs = () => Math.min(limitUs, options.loop ? limitUs : (node.inputEndUs ?? limitUs));
  let done = false;
  const stop = interrupted().then(() => {
    done = true;
  });
  while (!done && clock.nowUs() < endUs()) {
    const leftMs = Math.min((endUs() - clock.nowUs()) / 1000 + 1, 1000);
    await Promise.race([stop, new Promise<void>((resolve) => clock.after(leftMs, resolve))]);
  }
  disconnect();
}

async function simulate(path: string, options: SimOptions, terminal: Terminal): Promise<number> {
  const engineName = choice(options.engine, 'engine', ENGINE_NAMES);
  const seed = integer(options.seed, 'seed', 0, 0xffff_ffff);
  const limitUs =
    options.seconds === undefined ? Number.MAX_SAFE_INTEGER : integer(options.seconds, 'seconds', 1, 1e9) * 1e6;
  const config = settings(options.set);
  const app = await loadApp(path, terminal);
  await checkSettings(path, Object.keys(config));
  const sensors = parseInputs(options.input, app.metadata.sensors, { seed, loop: options.loop === true });
  const engine = await loadEngine(engineName);
  const real = options.realtime === true || options.connect !== undefined;
  const clock = real ? new RealClock() : new VirtualClock();
  if (
    !real &&
    limitUs === Number.MAX_SAFE_INTEGER &&
    sensors.every(({ source }) => !('length' in source) || source.length === null)
  ) {
    throw new MoteError(
      'USAGE',
      'The input never ends: say for how long with --seconds N, or watch it with --realtime.',
    );
  }
  const made = new Printer(terminal, { telemetry: options.telemetry === true });
  const keys = options.connect !== undefined || options.state !== undefined ? keysOf(path, options) : null;
  const file = options.state === undefined ? null : FileFlash.open(options.state, FLASH);
  try {
    const slots = keys === null ? { module: app } : updatable(app, keys, file ?? volatileFlash());
    const node = new Node({
      id: options.node,
      engine,
      clock,
      seed,
      sensors,
      config,
      ...slots,
      ...(options.connect !== undefined && { link: {} }),
      ...(real ? {} : { utcMs: 0 }),
      hooks: {
        ...printingHooks(made, () => clock.nowUs()),
        ...(options.taps !== undefined && { onTap: tapFiles(options.taps) }),
      },
    });
    const started = performance.now();
    if (clock instanceof VirtualClock) runVirtual(node, clock, limitUs);
    else await runReal(node, clock, limitUs, options, terminal);
    summary(terminal, node, made, clock.nowUs(), performance.now() - started, engineName);
    const faulted = node.status().fault !== null;
    node.close();
    return faulted ? Exit.failed : Exit.ok;
  } finally {
    file?.close();
  }
}

export function registerSim(program: Command): void {
  addCommand<[string?], SimOptions>(program, {
    usage: 'sim [app]',
    says: 'Runs an app (a folder, or a .mote file) on a simulated node.',
    failure: 'The module faulted.',
    options: [
      ['-i, --input <[sensor=]source...>', INPUT_HELP],
      ['-e, --engine <name>', ENGINE_NAMES.join(' or '), 'wasm3'],
      ['--taps <dir>', 'record each tap to DIR/NAME.bin'],
      ['--telemetry', 'show each telemetry frame, too'],
      ['--set <name=value...>', 'a setting of the app, as config would'],
      ['--seconds <n>', 'stop after so much time of the node'],
      ['--realtime', 'go by the wall clock, not as fast as it can'],
      ['--loop', 'play inputs again and again'],
      ['--seed <n>', 'of random numbers and noise', '1'],
      ['--connect <host:port>', 'the gateway ("mote shim") to link to; takes updates; implies --realtime'],
      ['--node <id>', "the node's name", 'sim'],
      ['--state <file>', 'keep flash (slots, key-value, configuration) in this file'],
      [
        '-k, --key <file>',
        'private key: signs the app as first package, and the node trusts it; default: release.pem where there is one',
      ],
      ['--trust <file>', 'public key that the node trusts instead'],
    ],
    examples: [
      'mote sim . --input recording.wav',
      'mote sim . --input microphone=recording.wav --taps taps --engine v8 --json',
      'mote sim . --input accelerometer=sine:rate=1000,freq=25,amplitude=300,seconds=10 --set alarm=150',
      'mote sim . --input recording.wav --loop --connect 127.0.0.1:7878 --node press-7 --state press-7.flash',
    ],
    run: ({ terminal, options, args: [path = '.'] }) => simulate(path, options, terminal),
  });
}
