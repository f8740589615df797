/** `mote run`: an app on a board's real firmware, in an emulator (or as a process), as a live node with a gateway and broker of its own. */
import type { Command } from 'commander';
import { formatBytes, MoteError } from '../base/index.ts';
import { DEFAULT_NAMESPACE } from '../messaging/topics/index.ts';
import { openTracer } from '../toolchain/debug/index.ts';
import { type RunResult, runBoard } from '../toolchain/run/index.ts';
import { INPUT_HELP } from '../toolchain/sim/index.ts';
import { addCommand, choice, integer, interrupted, settings } from './shared/command.ts';
import { DEFAULT_BROKER, limitUs, parseBroker } from './shared/options.ts';
import { showBuild, showFirmware } from './shared/progress.ts';
import { Printer } from './shared/report.ts';
import { Exit, type Terminal } from './shared/terminal.ts';
import { DEBUG_OPTION, TrapReport } from './shared/trap-report.ts';
import { printing, reportProblem } from './shared/watch-report.ts';

interface RunCommandOptions {
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
  debug?: string;
  key?: string;
  trust?: string;
}

/** Metrics of the agent itself. */
const VITAL = /^agent\./;
const CLOCK_HZ = 100e6;

function speedOf(text: string): number {
  if (text === 'max') return Number.POSITIVE_INFINITY;
  const speed = Number(text);
  if (speed > 0 && speed <= 1000) return speed;
  throw new MoteError('USAGE', `--speed is "max" or a number, such as 2 for twice real time; got "${text}".`);
}

async function run(app: string, options: RunCommandOptions, terminal: Terminal): Promise<number> {
  const { node, ns } = options;
  const printer = new Printer(terminal, { telemetry: options.telemetry === true });
  const traps = new TrapReport(terminal, openTracer(app, options.debug));
  const result = await runBoard(
    {
      board: options.board,
      app,
      inputs: options.input,
      loop: options.loop === true,
      seed: integer(options.seed, 'seed', 0, 0xffff_ffff),
      config: options.set.length === 0 ? null : settings(options.set),
      accelerated: choice(options.accel, 'accel', ['on', 'off']) === 'on',
      limitUs: limitUs(options.seconds),
      speed: speedOf(options.speed),
      broker: parseBroker(options.broker),
      ns,
      node,
      folder: options.dir,
      keyFile: options.key,
      trustFile: options.trust,
      tapsFolder: options.taps,
      stopped: interrupted,
    },
    {
      ...showBuild(terminal),
      ...showFirmware(terminal),
      onTemporaryKey() {
        const text =
          'no key was given, so this run uses a new one; to push to this node, use --key ("mote key new" creates keys)';
        terminal.line(terminal.paint('dim', text));
      },
      onProblem: (error) => reportProblem(terminal, error),
      node: (times) => printing(terminal, printer, times, traps),
      onListening({ board, node, brokerUrl, first }) {
        traps.firstPackage = first;
        terminal.data({ type: 'listening', board, node, broker: brokerUrl, ns });
        const push = `mote push APP --node ${node}${brokerUrl === DEFAULT_BROKER ? '' : ` --broker ${brokerUrl}`}`;
        terminal.line(terminal.paint('dim', `${node} on ${board}; "${push}" updates it; Ctrl-C stops it`));
      },
      onDebug: (text, t) => printer.log({ t, level: 'debug', text }),
    },
  );
  summary(terminal, printer, result);
  return result.faults.length > 0 ? Exit.failed : Exit.ok;
}

function summary(terminal: Terminal, printer: Printer, result: RunResult): void {
  const { board, seconds: t, wallSeconds, sensors, work, faults } = result;
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
    board,
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
  if (known.length > 0) lines.push(`highest use: ${known.join(', ')}`);
  lines.push(`${t.toFixed(1)} s in ${wallSeconds.toFixed(2)} s on ${board}`);
  for (const line of lines) terminal.line(terminal.paint('dim', line));
}

export function registerRun(program: Command): void {
  addCommand<[string?], RunCommandOptions>(program, {
    usage: 'run [app]',
    description:
      'Runs an app (a folder or a .mote file) on the firmware of a board, in QEMU or as a process. Starts a gateway and a broker for it, prints the events and telemetry that the broker receives, and accepts updates.',
    failure: 'A module faulted, or it waits for more samples than the ring of a sensor holds.',
    options: [
      ['-b, --board <name>', 'board; "mote board list" lists them', 'mps2-an386'],
      ['-i, --input <[sensor=]source...>', INPUT_HELP],
      ['--accel <on|off>', "use the board's native operators, or only those of the module", 'on'],
      ['--taps <dir>', 'write each tap to DIR/NAME.bin'],
      DEBUG_OPTION,
      ['--telemetry', 'also print each telemetry frame'],
      ['--set <name=value...>', 'value of a setting of the app'],
      ['--seconds <n>', "stop after N seconds of the node's time; default: at the end of the input"],
      ['--speed <n|max>', "speed of the node's time relative to real time", '1'],
      ['--loop', 'repeat the inputs without end'],
      ['--seed <n>', 'seed of random numbers and noise', '1'],
      ['--broker <url>', 'mqtt://[user:password@]host:port, or embedded[:port]', 'embedded:0'],
      ['--ns <name>', 'first part of every topic', DEFAULT_NAMESPACE],
      ['-n, --node <id>', 'name of the node; default: the name in the flash of --dir, or that of the board'],
      ['--dir <dir>', 'keep the working folder with the flash (flash.bin) here'],
      ['-k, --key <file>', 'private key that signs the app; the node trusts it; default: release.pem if it exists'],
      ['--trust <file>', 'public key that the node trusts instead of that of --key'],
    ],
    examples: [
      'mote run --board mps2-an386 . --input recording.wav',
      'mote run --board riscv-virt . --input recording.wav --speed max --taps taps --json',
      'mote run --board lm3s6965evb . --input recording.csv:rate=1000 --loop --dir press-7 --node press-7',
    ],
    run: ({ terminal, options, args: [path = '.'] }) => run(path, options, terminal),
  });
}
