/** `mote model`: what is in a `.tflite`, what it becomes, and whether that answers as the reference does. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { MoteError } from '../base/index.ts';
import { ENGINE_NAMES, loadEngine } from '../device/engine/index.ts';
import { loadBoard, requireRun, runModelOnBoard } from '../toolchain/board/index.ts';
import type { ModelRunner, Verification, VerifyResult } from '../toolchain/compiler/index.ts';
import { addCommand, choice } from './command.ts';
import { registerBench } from './model-bench.ts';
import { readInput } from './package.ts';
import { Exit, formatBytes, table } from './terminal.ts';

/** It brings AssemblyScript's compiler along, which takes longer to load than other commands to run. */
const compiler = () => import('../toolchain/compiler/index.ts');

const EXAMPLE = 'models/micro_speech/model.tflite';

function registerInspect(group: Command): void {
  addCommand<[string], { html?: string }>(group, {
    usage: 'inspect <model>',
    says: 'Shows layers, shapes, scales, MACs, rom and arena bytes, and draws the memory plan.',
    options: [['--html <file>', 'write a page with the plan as a picture']],
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
    says: 'Writes NAME.ts (AssemblyScript that calls the kernels) and NAME.rom (weights). "mote build" does this for an app.',
    options: [['-o, --out <dir>', 'where to write', '.']],
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
    says: 'Runs every in_*.bin of a folder and compares with its out_*.bin, byte for byte, in an engine or on an emulated board. An engine names the first tensor that differs if the folder has tensors_*.json.',
    failure: 'An output differs.',
    options: [
      ['-g, --golden <dir>', 'folder of in_*.bin and out_*.bin'],
      ['-e, --engine <name>', `${ENGINE_NAMES.join(' or ')}; wasm3 unless told`],
      ['-b, --board <name>', 'a board that runs here, instead of an engine ("mote board list")'],
      ['--no-acceleration', "without the board's native kernels"],
    ],
    examples: [
      `mote model verify ${EXAMPLE} --golden models/micro_speech/golden`,
      `mote model verify ${EXAMPLE} --golden models/micro_speech/golden --engine v8 --json`,
      `mote model verify ${EXAMPLE} --golden models/micro_speech/golden --board mps2-an386`,
      `mote model verify ${EXAMPLE} --golden models/micro_speech/golden --board riscv-virt --no-acceleration`,
    ],
    async run({ terminal, options, args: [path] }) {
      const bytes = readInput(path, 'The model');
      const golden = required(options.golden);
      terminal.progress('compiling the model ...');
      const { where, verification } = await verify(bytes, golden, options);
      const { results, firstDifference } = verification;
      terminal.progress('');
      const identical = results.filter((result) => result.equal).length;
      terminal.data({
        identical,
        total: results.length,
        ...where,
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
          `first tensor that differs: ${index} "${name}" of ${op} in run ${run}, byte ${at}: ${found}, golden ${expected}`,
        );
      }
      terminal.line(`${identical}/${results.length} identical`);
      return identical === results.length ? Exit.ok : Exit.failed;
    },
  });
}

async function verify(
  bytes: Uint8Array,
  golden: string,
  { engine, board, acceleration }: VerifyOptions,
): Promise<{ where: Record<string, string | boolean>; verification: Verification }> {
  const { verifyModel, verifyOutputs } = await compiler();
  if (board === undefined) {
    if (!acceleration) throw new MoteError('USAGE', 'Engines have no native kernels: --no-acceleration needs --board.');
    const found = await loadEngine(choice(engine ?? 'wasm3', 'engine', ENGINE_NAMES));
    return { where: { engine: found.name }, verification: await verifyModel(bytes, golden, found) };
  }
  if (engine !== undefined) throw new MoteError('USAGE', 'A model runs in an engine or on a board: not both at once.');
  const found = loadBoard(board);
  requireRun(found);
  const runner: ModelRunner = async (harness, inputs) => {
    const { outputs } = await runModelOnBoard(found, harness, inputs, { accelerated: acceleration });
    return outputs.map(({ output, instructions }) => ({ output, cost: { instructions } }));
  };
  const results = await verifyOutputs(bytes, golden, runner);
  return { where: { board: found.name, accelerated: acceleration }, verification: { results } };
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
  throw new MoteError('USAGE', 'Say where the golden files are: --golden DIR with in_*.bin and out_*.bin.');
}

export function registerModel(program: Command): void {
  const group = program.command('model').description('Models (.tflite, int8).');
  registerInspect(group);
  registerCompile(group);
  registerVerify(group);
  registerBench(group);
}
