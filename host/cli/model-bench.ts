/** `mote model bench`: what an inference costs on a board, in instructions of its processor, and where they go. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { MoteError } from '../base/index.ts';
import { type BoardModelRun, loadBoard, requireRun, runModelOnBoard } from '../toolchain/board/index.ts';
import type { Harness, Layer } from '../toolchain/compiler/index.ts';
import { addCommand } from './command.ts';
import { readInput } from './package.ts';
import { formatBytes, table } from './terminal.ts';

const EXAMPLE = 'models/micro_speech/model.tflite';
/** The first one compiles functions as it comes to them, so that the median is one of the others. */
const RUNS = 3;

interface LayerCost {
  name: string;
  kernel: string;
  instructions: number;
  macs: number;
  /** Of its input and output. */
  shapes: string;
}

export function registerBench(group: Command): void {
  addCommand<[string], { board?: string; acceleration: boolean }>(group, {
    usage: 'bench <model>',
    says: "Counts the instructions of an inference on an emulated board, around the module's inference call and by layer. Inputs are those of a folder golden beside the model, or a pattern.",
    options: [
      ['-b, --board <name>', 'a board that runs here in QEMU ("mote board list")'],
      ['--no-acceleration', "without the board's native kernels"],
    ],
    examples: [
      `mote model bench ${EXAMPLE} --board mps2-an386`,
      `mote model bench ${EXAMPLE} --board mps2-an386 --json`,
      `mote model bench ${EXAMPLE} --board lm3s6965evb --no-acceleration`,
    ],
    async run({ terminal, options, args: [path] }) {
      const bytes = readInput(path, 'The model');
      if (options.board === undefined) throw new MoteError('USAGE', 'Say which board: --board mps2-an386.');
      const board = loadBoard(options.board);
      if (requireRun(board).kind !== 'qemu')
        throw new MoteError('USAGE', `Only QEMU counts instructions, and ${board.name} does not run there.`);
      terminal.progress('compiling the model ...');
      const { buildHarness } = await import('../toolchain/compiler/index.ts');
      const harness = await buildHarness(bytes);
      terminal.progress(`running it on ${board.name} ...`);
      const inputs = inputsOf(path, harness);
      const run = await runModelOnBoard(board, harness, inputs, { accelerated: options.acceleration, apart: true });
      terminal.progress('');
      const instructions = median(run.outputs.map(({ instructions }) => instructions ?? 0));
      const perLayer = layersOf(harness.model.layers, run.operators);
      const sizes = {
        arenaBytes: harness.model.arenaBytes,
        romBytes: harness.rom.length,
        wasmBytes: harness.wasm.length,
      };
      const { heapPeakBytes, stackUsedBytes } = run;
      terminal.data({
        board: board.name,
        accelerated: options.acceleration,
        instructions,
        ...sizes,
        heapPeakBytes,
        stackUsedBytes,
        perLayer,
      });
      for (const line of layerTable(perLayer)) terminal.line(line);
      for (const line of table(costRows(instructions, sizes, run), 'lr')) terminal.line(line);
      return 0;
    },
  });
}

/** Goldens of the model, or bytes that are the same each time. */
function inputsOf(path: string, { model }: Harness): Uint8Array[] {
  const folder = join(dirname(path), 'golden');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^in_.+\.bin$/.test(name)) : [];
  const size = model.inputs.reduce((sum, { bytes }) => sum + bytes, 0);
  const golden = names.sort().map((name) => readFileSync(join(folder, name)));
  const fitting = golden.filter((bytes) => bytes.length === size);
  const pattern = Uint8Array.from({ length: size }, (_, i) => (i * 37) & 0xff);
  return Array.from({ length: RUNS }, (_, i) => fitting[i % fitting.length] ?? pattern);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** Operators of the program, joined to the layers that they are of. */
function layersOf(layers: readonly Layer[], operators: readonly number[]): LayerCost[] {
  let next = 0;
  return layers.flatMap(({ name, kernel, calls, macs, inputs, outputs }) => {
    const shapes = [inputs, outputs].map(([tensor]) => tensor?.shape.join('x') ?? '').join(' -> ');
    const own = operators.slice(next, next + calls);
    next += calls;
    return kernel === null ? [] : [{ name, kernel, instructions: own.reduce((a, b) => a + b, 0), macs, shapes }];
  });
}

function layerTable(layers: readonly LayerCost[]): string[] {
  const rows = layers.map(({ kernel, shapes, instructions, macs }, i) => [
    String(i),
    kernel,
    shapes,
    macs > 0 ? countText(macs) : '',
    countText(instructions),
    macs > 0 ? (instructions / macs).toFixed(2) : '',
  ]);
  return table([['', 'kernel', 'layer', 'MACs', 'instructions', 'a MAC'], ...rows], 'rllrrr');
}

function costRows(
  instructions: number,
  sizes: { arenaBytes: number; romBytes: number; wasmBytes: number },
  { heapBytes, heapPeakBytes, stackBytes, stackUsedBytes }: BoardModelRun,
): string[][] {
  return [
    ['an inference', `${countText(instructions)} instructions`],
    ['arena', formatBytes(sizes.arenaBytes)],
    ['rom', formatBytes(sizes.romBytes)],
    ['module', formatBytes(sizes.wasmBytes)],
    ['RAM of the module and its interpreter', `${formatBytes(heapPeakBytes)} of ${formatBytes(heapBytes)}`],
    ['native stack', `${formatBytes(stackUsedBytes)} of ${formatBytes(stackBytes)}`],
  ];
}

const countText = (count: number) => count.toLocaleString('en-US');
