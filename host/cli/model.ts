/** `mote model`: what is in a `.tflite`, what it becomes, and whether that answers as the reference does. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { ENGINE_NAMES, loadEngine } from '../engine/index.ts';
import { MoteError } from '../error.ts';
import { addCommand, choice } from './command.ts';
import { readInput } from './package.ts';
import { Exit, formatBytes, table } from './terminal.ts';

/** It brings AssemblyScript's compiler along, which takes longer to load than other commands to run. */
const compiler = () => import('../compiler/index.ts');

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

function registerVerify(group: Command): void {
  addCommand<[string], { golden: string; engine: string }>(group, {
    usage: 'verify <model>',
    says: 'Runs every in_*.bin of a folder and compares with its out_*.bin, byte for byte. Exit code 0 only when all are equal; names the first tensor that differs where tensors_*.json are there.',
    options: [
      ['-g, --golden <dir>', 'folder of in_*.bin and out_*.bin'],
      ['-e, --engine <name>', ENGINE_NAMES.join(' or '), 'wasm3'],
    ],
    examples: [
      `mote model verify ${EXAMPLE} --golden models/micro_speech/golden`,
      `mote model verify ${EXAMPLE} --golden models/micro_speech/golden --engine v8 --json`,
    ],
    async run({ terminal, options, args: [path] }) {
      const engine = await loadEngine(choice(options.engine, 'engine', ENGINE_NAMES));
      const { verifyModel } = await compiler();
      terminal.progress('compiling the model ...');
      const bytes = readInput(path, 'The model');
      const { results, firstDifference } = await verifyModel(bytes, required(options.golden), engine);
      terminal.progress('');
      const identical = results.filter((result) => result.equal).length;
      terminal.data({
        identical,
        total: results.length,
        engine: engine.name,
        results,
        ...(firstDifference && { firstDifference }),
      });
      const rows = results.map(({ run, equal, differing, bytes, ms }) => [
        equal ? terminal.paint('green', '✓') : terminal.paint('red', '✗'),
        run,
        equal ? `${bytes} bytes` : `${differing} of ${bytes} bytes differ`,
        `${ms.toFixed(1)} ms`,
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
}
