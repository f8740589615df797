/** `mote model`: what is in a `.tflite`, what it becomes, and whether that answers as the reference does. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { formatBytes, MoteError, readInput } from '../base/index.ts';
import { ENGINE_NAMES } from '../device/engine/index.ts';
import {
  benchModel,
  type LayerCost,
  type ModelBench,
  type VerifyPlace,
  verifyModelOn,
} from '../toolchain/board/index.ts';
import type { VerifyResult } from '../toolchain/compiler/index.ts';
import { addCommand, choice } from './shared/command.ts';
import { Exit, table } from './shared/terminal.ts';

/** It brings AssemblyScript's compiler along, which takes longer to load than other commands to run. */
const compiler = () => import('../toolchain/compiler/index.ts');

const EXAMPLE = 'models/micro_speech/model.tflite';

function registerInspect(group: Command): void {
  addCommand<[string], { html?: string }>(group, {
    usage: 'inspect <model>',
    description: 'Prints layers, shapes, scales, MACs, and bytes of rom and arena, and draws the memory plan.',
    options: [['--html <file>', 'also write a page with a picture of the plan']],
    examples: [
      `mote model inspect ${EXAMPLE}`,
      `mote model inspect ${EXAMPLE} --html plan.html`,
      `mote model inspect ${EXAMPLE} --json`,
    ],
    async run({ terminal, options, args: [path] }) {
      const { inspectModel, renderHtml, renderText } = await compiler();
      const report = inspectModel(readInput(path, 'The model'), { name: modelName(path) });
      if (options.html !== undefined) writeFileSync(options.html, renderHtml(report));
      terminal.data(report);
      for (const line of renderText(report, terminal.columns, terminal.colour).split('\n')) terminal.line(line);
      if (options.html !== undefined) terminal.line(`wrote ${options.html}`);
      return 0;
    },
  });
}

function registerCompile(group: Command): void {
  addCommand<[string], { out: string }>(group, {
    usage: 'compile <model>',
    description:
      'Writes NAME.ts (AssemblyScript that calls the kernels) and NAME.rom (weights). "mote build" does this for an app.',
    options: [['-o, --out <dir>', 'output folder', '.']],
    examples: [`mote model compile ${EXAMPLE} --out generated`],
    async run({ terminal, options, args: [path] }) {
      const { compileModel } = await compiler();
      const name = modelName(path);
      const model = compileModel(readInput(path, 'The model'), {
        name,
        romBase: 0,
        kernelPath: 'moteware/assembly/nn',
      });
      mkdirSync(options.out, { recursive: true });
      const source = join(options.out, `${name}.ts`);
      const rom = join(options.out, `${name}.rom`);
      writeFileSync(source, model.source);
      writeFileSync(rom, model.rom);
      terminal.data({ source, rom, romBytes: model.rom.length, arenaBytes: model.arenaBytes, digest: model.digest });
      for (const line of table(
        [
          [source, formatBytes(model.source.length)],
          [rom, formatBytes(model.rom.length)],
          ['arena', formatBytes(model.arenaBytes)],
        ],
        'lr',
      ))
        terminal.line(line);
      return 0;
    },
  });
}

interface VerifyOptions {
  golden?: string;
  engine?: string;
  board?: string;
  acceleration: boolean;
}

function registerVerify(group: Command): void {
  addCommand<[string], VerifyOptions>(group, {
    usage: 'verify <model>',
    description:
      'Runs the model on every in_*.bin of a folder, in an engine or on an emulated board, and compares the output with out_*.bin byte by byte. With tensors_*.json, an engine also reports the first tensor that differs.',
    failure: 'An output differs.',
    options: [
      ['-g, --golden <dir>', 'folder with in_*.bin and out_*.bin'],
      ['-e, --engine <name>', `${ENGINE_NAMES.join(' or ')}; default: wasm3`],
      ['-b, --board <name>', 'emulated board instead of an engine; "mote board list" lists them'],
      ['--no-acceleration', "don't use the board's native kernels"],
    ],
    examples: [
      `mote model verify ${EXAMPLE} --golden models/micro_speech/golden`,
      `mote model verify ${EXAMPLE} --golden models/micro_speech/golden --engine v8 --json`,
      `mote model verify ${EXAMPLE} --golden models/micro_speech/golden --board mps2-an386`,
      `mote model verify ${EXAMPLE} --golden models/micro_speech/golden --board riscv-virt --no-acceleration`,
    ],
    async run({ terminal, options, args: [path] }) {
      const golden = required(options.golden);
      const place = placeOf(options);
      terminal.progress('compiling the model ...');
      const { results, firstDifference } = await verifyModelOn(path, golden, place);
      terminal.progress('');
      const identical = results.filter((result) => result.equal).length;
      terminal.data({
        identical,
        total: results.length,
        ...place,
        results: results.map(({ cost, ...result }) => ({ ...result, ...cost })),
        ...(firstDifference && { firstDifference }),
      });
      const rows = results.map(({ run, equal, differing, bytes, cost }) => [
        equal ? terminal.paint('green', '✓') : terminal.paint('red', '✗'),
        run,
        equal ? `${bytes} bytes` : `${differing} of ${bytes} bytes differ`,
        costText(cost),
      ]);
      for (const line of table(rows, 'lllr')) terminal.line(line);
      if (firstDifference) {
        const { run, index, name, op, at, found, expected } = firstDifference;
        terminal.line(
          `first tensor that differs: ${index} "${name}" of ${op} in run ${run}, byte ${at}: ${found} instead of ${expected}`,
        );
      }
      terminal.line(`${identical}/${results.length} identical`);
      return identical === results.length ? Exit.ok : Exit.failed;
    },
  });
}

function placeOf({ engine, board, acceleration }: VerifyOptions): VerifyPlace {
  if (board === undefined) {
    if (!acceleration)
      throw new MoteError('USAGE', 'Engines have no native kernels, so --no-acceleration needs --board.');
    return { engine: choice(engine ?? 'wasm3', 'engine', ENGINE_NAMES) };
  }
  if (engine !== undefined)
    throw new MoteError(
      'USAGE',
      'A model runs in an engine or on a board, not both at once: omit --engine or --board.',
    );
  return { board, accelerated: acceleration };
}

function costText(cost: VerifyResult['cost']): string {
  if ('ms' in cost) return `${cost.ms.toFixed(1)} ms`;
  return cost.instructions === null ? '' : `${cost.instructions.toLocaleString('en-US')} instructions`;
}

/** `models/kws/model.tflite` is called kws, `kws.tflite` too; always a word that AssemblyScript takes. */
function modelName(path: string): string {
  const file = basename(path).replace(/\.[^.]*$/, '');
  const name = file === 'model' ? basename(join(path, '..')) : file;
  return name.replace(/\W/g, '_').replace(/^(\d|$)/, 'model_$1');
}

function required(golden: string | undefined): string {
  if (golden !== undefined) return golden;
  throw new MoteError('USAGE', 'Name the folder of the golden files: --golden DIR with in_*.bin and out_*.bin.');
}

function registerBench(group: Command): void {
  addCommand<[string], { board?: string; acceleration: boolean }>(group, {
    usage: 'bench <model>',
    description:
      'Counts the instructions of an inference on an emulated board, in total and by layer. The inputs come from a folder golden beside the model, or are a pattern.',
    options: [
      ['-b, --board <name>', 'board that runs in QEMU; "mote board list" lists them'],
      ['--no-acceleration', "don't use the board's native kernels"],
    ],
    examples: [
      `mote model bench ${EXAMPLE} --board mps2-an386`,
      `mote model bench ${EXAMPLE} --board mps2-an386 --json`,
      `mote model bench ${EXAMPLE} --board lm3s6965evb --no-acceleration`,
    ],
    async run({ terminal, options, args: [path] }) {
      if (options.board === undefined) throw new MoteError('USAGE', 'Name a board, such as --board mps2-an386.');
      const where = { board: options.board, accelerated: options.acceleration };
      const bench = await benchModel(path, where, (step) => {
        terminal.progress(step === 'compile' ? 'compiling the model ...' : `running it on ${options.board} ...`);
      });
      terminal.progress('');
      const { instructions, sizes, perLayer, run } = bench;
      const { heapPeakBytes, stackUsedBytes } = run;
      terminal.data({ ...where, instructions, ...sizes, heapPeakBytes, stackUsedBytes, perLayer });
      for (const line of layerTable(perLayer)) terminal.line(line);
      for (const line of table(costRows(bench), 'lr')) terminal.line(line);
      return 0;
    },
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

function costRows({ instructions, sizes, run }: ModelBench): string[][] {
  const { heapBytes, heapPeakBytes, stackBytes, stackUsedBytes } = run;
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

export function registerModel(program: Command): void {
  const group = program
    .command('model')
    .description('Inspects, compiles, verifies and measures int8 models (.tflite).');
  registerInspect(group);
  registerCompile(group);
  registerVerify(group);
  registerBench(group);
}
