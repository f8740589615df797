/** `mote sim`: an app on a simulated node: recordings in, events out; with --connect, a node that lives behind a gateway. */
import type { Command } from 'commander';
import { MoteError } from '../base/index.ts';
import { ENGINE_NAMES } from '../device/engine/index.ts';
import type { Fault } from '../device/node/index.ts';
import { encodeBody } from '../messaging/topics/index.ts';
import { checkApp } from '../toolchain/app/index.ts';
import { openTracer } from '../toolchain/debug/index.ts';
import {
  INPUT_HELP,
  repeatOnSave,
  type SimulationResult,
  type Stimulus,
  simulate,
  watchApp,
} from '../toolchain/sim/index.ts';
import { addCommand, choice, integer, interrupted, json, settings } from './shared/command.ts';
import { limitUs, parseAddress } from './shared/options.ts';
import { RunPage } from './shared/page.ts';
import { showBuild } from './shared/progress.ts';
import { Printer, printingHooks } from './shared/report.ts';
import { Exit, reportError, type Terminal } from './shared/terminal.ts';
import { DEBUG_OPTION, TrapReport } from './shared/trap-report.ts';
import { reportProblem } from './shared/watch-report.ts';

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
  watch?: boolean;
  at: string[];
  send: string[];
  guard?: boolean;
  debug?: string;
  open?: boolean;
  browser: boolean;
}

/** What every run of one call of the command shares. */
interface Call {
  app: string;
  options: SimOptions;
  parsed: ReturnType<typeof parse>;
  terminal: Terminal;
  /** Undefined without --open. */
  page: RunPage | undefined;
}

/** The options that have a form of their own. Throws `USAGE`. */
function parse(options: SimOptions) {
  const { connect } = options;
  return {
    engine: choice(options.engine, 'engine', ENGINE_NAMES),
    seed: integer(options.seed, 'seed', 0, 0xffff_ffff),
    settings: settings(options.set),
    limitUs: limitUs(options.seconds),
    connect: connect === undefined ? null : parseAddress(connect, '--connect'),
    stimuli: stimuli(options),
  };
}

async function sim(app: string, options: SimOptions, terminal: Terminal): Promise<number> {
  // A mistake is reported before a page is opened.
  const parsed = parse(options);
  checkApp(app);
  if (options.open !== true) return simRuns({ app, options, parsed, terminal, page: undefined }, interrupted);
  const page = new RunPage(terminal, options.browser);
  const end = interrupted();
  try {
    const code = await simRuns({ app, options, parsed, terminal, page }, () => end);
    terminal.line(terminal.paint('dim', 'The page stays until Ctrl-C.'));
    await end;
    return code;
  } finally {
    await page.close();
  }
}

async function simRuns(call: Call, stopped: () => Promise<void>): Promise<number> {
  const { app, options, terminal } = call;
  if (options.watch !== true) return simOnce(call, stopped);
  let first = true;
  await repeatOnSave(watchApp(app, options.input), {
    async run(ended) {
      await simOnce(call, ended);
      first = false;
    },
    onError(error) {
      // A wrong option stays wrong, whatever is saved.
      if (first && error instanceof MoteError && error.code === 'USAGE') throw error;
      reportError(error, terminal.json);
    },
    onSaved(file) {
      terminal.data({ type: 'saved', file });
      terminal.line(terminal.paint('bold', `\n${file} was saved`));
    },
    interrupted: stopped(),
  });
  return Exit.ok;
}

async function simOnce(call: Call, stopped: () => Promise<void>): Promise<number> {
  try {
    return await runOnce(call, stopped);
  } catch (error) {
    call.page?.failed(error);
    throw error;
  }
}

async function runOnce({ app, options, parsed, terminal, page }: Call, stopped: () => Promise<void>): Promise<number> {
  const printer = new Printer(terminal, { telemetry: options.telemetry === true });
  const traps = new TrapReport(terminal, openTracer(app, options.debug));
  const result = await simulate({
    ...showBuild(terminal),
    ...parsed,
    app,
    node: options.node,
    inputs: options.input,
    loop: options.loop === true,
    realtime: options.realtime === true,
    stateFile: options.state,
    keyFile: options.key,
    trustFile: options.trust,
    tapsFolder: options.taps,
    guard: options.guard === true,
    hooks: (nowUs) => ({
      ...printingHooks(printer, nowUs),
      // A guarded module is no build that debug information is kept of.
      ...(options.guard !== true && { onFault: (fault: Fault) => traps.fault(nowUs() / 1e6, fault) }),
    }),
    observe: page && (() => page.observe()),
    onInstalled({ metadata: { name, version } }, sequence) {
      terminal.data({ type: 'installed', name, version, sequence });
      terminal.line(terminal.paint('dim', `${options.node} gets ${name} ${version} as sequence ${sequence}`));
    },
    onProblem: (error) => reportProblem(terminal, error),
    onLinkTrouble: (text) => terminal.line(terminal.paint('yellow', text)),
    onStimulus(stimulus, { ok, text }) {
      if (!('command' in stimulus)) return;
      const { name } = stimulus.command;
      printer.state(stimulus.atUs / 1e6, 'command', { name, ok, text }, `command ${name}: ${text || 'done'}`);
    },
    stopped,
  });
  if (result.undelivered > 0) {
    const text = `${result.undelivered} commands were not sent: the run ended before their time.`;
    reportProblem(terminal, new MoteError('USAGE', text));
  }
  summary(terminal, printer, result, parsed.engine);
  const { fault, unread } = result.status;
  return fault !== null || unread.length > 0 ? Exit.failed : Exit.ok;
}

/** Each `--send` has the time of the `--at` in the same place. */
function stimuli({ at, send }: SimOptions): Stimulus[] {
  if (at.length !== send.length)
    throw new MoteError('USAGE', 'Each --send takes an --at before it, as in --at 5s --send blink.');
  return send.map((text, i) => {
    const [, name = '', body] = /^([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
    const value = body === undefined ? undefined : json(body, `--send ${name}`);
    return { atUs: timeUs(at[i]!), command: { name, body: encodeBody(value) } };
  });
}

/** `5s`, `5` or `250ms`, in microseconds. */
function timeUs(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text) ?? [];
  if (number !== undefined) return Math.round(Number(number) * (unit === 's' ? 1e6 : 1e3));
  throw new MoteError('USAGE', `--at takes a time of the node, such as 5s or 250ms; got "${text}".`);
}

function summary(terminal: Terminal, printer: Printer, result: SimulationResult, engine: string): void {
  const { simUs, wallMs, status } = result;
  const ratio = simUs / 1000 / wallMs;
  terminal.data({
    type: 'end',
    t: simUs / 1e6,
    wallSeconds: wallMs / 1000,
    realTimeRatio: ratio,
    engine,
    events: printer.events,
    steps: status.steps,
    faults: status.faults,
    unread: status.unread,
    maxFuel: status.maxFuel,
    sensors: status.sensors,
    metrics: [...printer.metrics.values()].map(({ peaks: _peaks, ...rest }) => rest),
  });
  if (printer.metrics.size > 0) terminal.line();
  for (const line of printer.summary()) terminal.line(line);
  const sensors = Object.entries(status.sensors).map(
    ([name, { produced, read, lost }]) => `${name}: ${read} of ${produced} samples read, ${lost} lost`,
  );
  terminal.line();
  for (const line of [
    `${printer.events} events; ${sensors.join('; ')}`,
    `${(simUs / 1e6).toFixed(1)} s in ${(wallMs / 1000).toFixed(2)} s, ${ratio.toFixed(1)} times real time on ${engine}`,
  ]) {
    terminal.line(terminal.paint('dim', line));
  }
}

export function registerSim(program: Command): void {
  addCommand<[string?], SimOptions>(program, {
    usage: 'sim [app]',
    description: 'Runs an app (a folder or a .mote file) on a simulated node.',
    failure: 'The module faulted, or it waits for more samples than the ring of a sensor holds.',
    options: [
      ['-i, --input <[sensor=]source...>', INPUT_HELP],
      ['-e, --engine <name>', ENGINE_NAMES.join(' or '), 'wasm3'],
      ['--taps <dir>', 'write each tap to DIR/NAME.bin'],
      ['--at <time...>', 'when the node receives the next --send: a time of its clock, such as 5s or 250ms'],
      ['--send <command[=json]...>', 'a command for the node; as many as --at'],
      DEBUG_OPTION,
      ['--guard', 'stop at a write outside a block of memory, and name the block'],
      ['--telemetry', 'also print each telemetry frame'],
      ['--set <name=value...>', 'value of a setting of the app'],
      ['--seconds <n>', "stop after N seconds of the node's time"],
      ['--realtime', 'run in real time instead of as fast as possible'],
      ['--loop', 'repeat the inputs without end'],
      ['-w, --watch', 'run again whenever a source, mote.json or an input is saved, until Ctrl-C'],
      ['-o, --open', 'show signals, taps, events and memory in the browser, live; the page stays until Ctrl-C'],
      ['--no-browser', 'with --open: print the address of the page, and start no browser'],
      ['--seed <n>', 'seed of random numbers and noise', '1'],
      ['--connect <host:port>', 'connect to this gateway ("mote shim") and accept updates; implies --realtime'],
      ['--node <id>', 'name of the node', 'sim'],
      [
        '--state <file>',
        'keep the flash (slots, key-value store, configuration) in this file; an app that has changed replaces the one in it',
      ],
      ['-k, --key <file>', 'private key that signs the app; the node trusts it; default: release.pem if it exists'],
      ['--trust <file>', 'public key that the node trusts instead of that of --key'],
    ],
    examples: [
      'mote sim . --input recording.wav',
      'mote sim . --input recording.wav --watch',
      `mote sim . --seconds 10 --at 5s --send 'gain={"value": 3}' --at 8s --send gain`,
      'mote sim . --input recording.wav --open --watch',
      'mote sim . --input microphone=recording.wav --taps taps --engine v8 --json',
      'mote sim . --input accelerometer=sine:rate=1000,freq=25,amplitude=300,seconds=10 --set alarm=150',
      'mote sim . --input recording.wav --loop --connect 127.0.0.1:7878 --node press-7 --state press-7.flash',
    ],
    run: ({ terminal, options, args: [path = '.'] }) => sim(path, options, terminal),
  });
}
