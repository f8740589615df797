/**
 * `mote demo`: the whole product on real input in half a minute. A node listens to a recording; what it hears comes out of a broker;
 * a better module is swapped in while it listens, then one that hangs, which the node gets rid of by itself.
 */
import type { Command } from 'commander';
import { formatBytes } from '../base/index.ts';
import { ENGINE_NAMES, type EngineName } from '../device/engine/index.ts';
import { type DemoResult, runDemo } from '../toolchain/demo/index.ts';
import { addCommand, choice } from './shared/command.ts';
import { openScreen } from './shared/demo-screen.ts';
import { secondsText, showFirmware } from './shared/progress.ts';
import { Exit, type Terminal, table } from './shared/terminal.ts';

async function demo(terminal: Terminal, engine: EngineName, board: string | undefined): Promise<number> {
  terminal.line(
    `${terminal.paint('bold', 'moteware demo')}: building three modules from TypeScript and a .tflite model`,
  );
  const done = (text: string, seconds: number) =>
    terminal.line(`${terminal.paint('green', '✓')} ${text}   ${terminal.paint('dim', secondsText(seconds))}`);
  const result = await runDemo(
    { engine, board },
    {
      ...showFirmware(terminal),
      onModuleBuild: (label) => terminal.progress(`building ${label} ...`),
      onModuleBuilt({ label, wasmBytes, romBytes, seconds }) {
        terminal.progress('');
        done(`${label.padEnd(24)} ${formatBytes(wasmBytes)} wasm + ${formatBytes(romBytes)} rom, signed`, seconds);
      },
      onFirmware: ({ board, seconds }) => done(`firmware of ${board}`, seconds),
      open: (facts, closeNode) => openScreen(terminal, facts, closeNode),
    },
  );
  return conclude(terminal, result);
}

function conclude(terminal: Terminal, { facts, outcomes, realTime, ok }: DemoResult): number {
  const { instructionsPerSecond } = facts;
  terminal.data({
    type: 'end',
    ok,
    heard: facts.words,
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
    `${facts.read.toLocaleString('en')} samples read, ${facts.lost} lost; ${facts.words} words recognized; ${facts.messages} MQTT messages`,
  );
  if (realTime !== null)
    terminal.line(
      `${(instructionsPerSecond! / 1e6).toFixed(1)} M instructions a second on ${facts.platform}: ${realTime.toFixed(1)} times real time at 100 MHz`,
    );
  terminal.line(
    terminal.paint(
      ok ? 'green' : 'red',
      ok
        ? 'As expected: one swap without a gap, and one faulty module rolled back by itself.'
        : 'Not as expected: see above.',
    ),
  );
  terminal.line();
  terminal.line('Next:');
  const next = [
    ['npx mote new my-sensor', 'a project of your own'],
    ['npx mote model inspect MODEL.tflite', 'layers, memory and cost of your model'],
    ['npx mote run --board mps2-an386', 'an app on the firmware of a board'],
    ['npx mote shim', 'a gateway for nodes, such as mote sim --connect'],
    ['docs/getting-started.md', 'the guide'],
  ];
  for (const line of table(next.map(([what = '', purpose = '']) => [`  ${what}`, terminal.paint('dim', purpose)])))
    terminal.line(line);
  return ok ? Exit.ok : Exit.failed;
}

export function registerDemo(program: Command): void {
  addCommand<[], { engine: string; board?: string }>(program, {
    usage: 'demo',
    description:
      'Shows the whole product on a recording: a keyword node, its broker, a live swap, and a bad module that rolls back. Takes half a minute.',
    failure: 'The demo did not end as expected.',
    options: [
      ['-e, --engine <name>', `engine of the simulated node: ${ENGINE_NAMES.join(' or ')}`, 'wasm3'],
      ['-b, --board <name>', 'run the node on the firmware of this board instead, such as mps2-an386'],
    ],
    examples: ['mote demo', 'mote demo --engine v8 --json', 'mote demo --board mps2-an386'],
    run: ({ terminal, options }) => demo(terminal, choice(options.engine, 'engine', ENGINE_NAMES), options.board),
  });
}
