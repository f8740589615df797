/** `mote plant`: a simulated plant, into files or towards a gateway. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { MoteError, makeFolder, writeOutput } from '../base/index.ts';
import {
  assetLines,
  DEFAULT_PLAN,
  loadPlan,
  type PlantProgress,
  type PlantResult,
  placementLines,
  runPlant,
} from '../toolchain/plant/index.ts';
import { addCommand, interrupted } from './shared/command.ts';
import { parseAddress } from './shared/options.ts';
import { showBuild } from './shared/progress.ts';
import type { Terminal } from './shared/terminal.ts';

const FILE = 'plant.yaml';

interface RunOptions {
  out?: string;
  days: string;
  gateway?: string;
  speed: string;
}

function number(text: string, name: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new MoteError('USAGE', `--${name} takes a number from ${least} to ${most}; got "${text}".`);
}

function init(folder: string, terminal: Terminal): void {
  const path = join(folder, FILE);
  if (existsSync(path)) throw new MoteError('EXISTS', `${path} exists; change it, or choose another folder.`);
  makeFolder(folder, 'The folder');
  writeOutput(path, Buffer.from(DEFAULT_PLAN));
  terminal.data({ plan: path });
  terminal.line(`${terminal.paint('green', 'Created')} ${path}; run it with: mote plant run ${path} --out run`);
}

function assets(path: string, folder: string, terminal: Terminal): void {
  const plan = loadPlan(path);
  makeFolder(folder, '--out');
  const files = { assets: join(folder, 'assets.csv'), placements: join(folder, 'placements.csv') };
  const write = (file: string, lines: string[]) => writeOutput(file, Buffer.from(`${lines.join('\n')}\n`));
  write(files.assets, assetLines(plan));
  write(files.placements, placementLines(plan));
  terminal.data(files);
  terminal.line(`${terminal.paint('green', 'Wrote')} ${files.assets} and ${files.placements}`);
}

const days = (seconds: number): string => (seconds / 86_400).toFixed(seconds < 864_000 ? 2 : 1);

function progressLine({ plantS, wallS, telemetry, events }: PlantProgress): string {
  const speed = wallS > 0 ? plantS / wallS : 0;
  return `day ${days(plantS)}, ${Math.round(speed)} times real time, ${telemetry} frames, ${events} events`;
}

async function run(path: string, options: RunOptions, terminal: Terminal): Promise<number> {
  const { out, gateway } = options;
  if (out === undefined && gateway === undefined)
    throw new MoteError('USAGE', 'Name where the data goes: --out DIR, or --gateway HOST:PORT, or both.');
  const speed = number(options.speed, 'speed', 0.01, 100_000);
  const seconds = number(options.days, 'days', 0.0001, 3660) * 86_400;
  const address = gateway === undefined ? null : { ...parseAddress(gateway, '--gateway'), speed };
  const plan = loadPlan(path);
  const trouble = new Set<string>();
  let shownMs = 0;
  const result = await runPlant({
    ...showBuild(terminal),
    plan,
    seconds,
    out: out ?? null,
    gateway: address,
    stopped: interrupted(),
    onProgress(progress) {
      if (performance.now() - shownMs < 5000) return;
      shownMs = performance.now();
      terminal.data({ type: 'progress', ...progress });
      terminal.line(terminal.paint('dim', progressLine(progress)));
    },
    onTrouble(_, text) {
      // A thousand nodes meet the same gateway.
      if (trouble.has(text) || trouble.size > 100) return;
      trouble.add(text);
      terminal.line(terminal.paint('yellow', text));
    },
  });
  summary(terminal, result, out);
  return result.faults > 0 ? 1 : 0;
}

function summary(terminal: Terminal, result: PlantResult, out: string | undefined): void {
  const { machines, nodes, steps, faults, reboots, unsent } = result;
  terminal.data({ type: 'end', ...result, ...(out !== undefined && { out }) });
  terminal.line(progressLine(result));
  terminal.line(
    `${machines} machines, ${nodes.v8 + nodes.wasm3} nodes (${nodes.v8} in V8, ${nodes.wasm3} in wasm3), ${steps} steps, ${reboots} starts after a loss of power, ${faults} faults of modules`,
  );
  if (unsent > 0) terminal.line(terminal.paint('yellow', `${unsent} messages were not acknowledged by the gateway`));
  if (out !== undefined)
    terminal.line(`${terminal.paint('green', 'Wrote')} ${out}: telemetry, events, states, truth, assets, placements`);
}

export function registerPlant(program: Command): void {
  const plant = program.command('plant').description('Simulates a plant: machines, what goes wrong, and their nodes.');
  addCommand<[string?]>(plant, {
    usage: 'init [folder]',
    description: `Writes ${FILE} with a small plant: six machines, twelve nodes, six faults. Never overwrites a file.`,
    examples: ['mote plant init', 'mote plant init demo --json'],
    async run({ terminal, args: [folder = '.'] }) {
      init(folder, terminal);
      return 0;
    },
  });
  addCommand<[string?], RunOptions>(plant, {
    usage: 'run [plan]',
    description: `Runs a plant by its file, ${FILE} by default: as fast as possible into files, or by the wall clock towards a gateway.`,
    failure: 'A module faulted.',
    options: [
      ['-o, --out <dir>', 'folder for telemetry, events and states of the nodes, the truth, assets and placements'],
      ['-d, --days <n>', 'length of the run in days of the plant', '90'],
      [
        '-g, --gateway <host:port>',
        'connect the nodes to this gateway ("mote site" or "mote shim"), by the wall clock',
      ],
      ['-s, --speed <n>', 'with --gateway: times as fast as the wall clock', '1'],
    ],
    examples: [
      'mote plant run --out run --days 90',
      'mote plant run demo/plant.yaml --gateway 127.0.0.1:7878 --speed 20 --days 7',
    ],
    run: ({ terminal, options, args: [path = FILE] }) => run(path, options, terminal),
  });
  addCommand<[string?], { out: string }>(plant, {
    usage: 'assets [plan]',
    description: 'Writes the assets of a plant and the places of its nodes as CSV files for a site.',
    options: [['-o, --out <dir>', 'folder of assets.csv and placements.csv', '.']],
    examples: ['mote plant assets', 'mote plant assets demo/plant.yaml --out demo'],
    async run({ terminal, options, args: [path = FILE] }) {
      assets(path, options.out, terminal);
      return 0;
    },
  });
}
