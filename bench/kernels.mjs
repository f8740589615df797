// Instructions of the native kernels on a Cortex-M4 in QEMU, layer by layer, compared with TensorFlow Lite Micro with
// CMSIS-NN on the same models. Prints tables and writes bench/kernels.json. `node bench/kernels.mjs [model ...]`; needs
// dist/ (npm run build).
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../scripts/run.mjs';

const component = (name) => import(pathToFileURL(join(root, 'dist', 'host', name)).href);
const { compileGraph } = await component('toolchain/compiler/compile.js');
const { parseModel } = await component('toolchain/compiler/parse.js');
const { buildImage, loadBoard, startNode } = await component('toolchain/board/index.js');

/** Instructions of all layers together: TensorFlow Lite Micro with CMSIS-NN, counted in the same way. */
const CMSIS_NN = {
  kws: 7_698_840,
  ad: 582_920,
  ic: 29_863_400,
  vww: 24_101_840,
  person_detect: 22_928_400,
  micro_speech: 1_494_880,
  hello_world: 3_480,
  sww: 2_230_000,
};
const BOARD = 'mps2-an386';
/** Approximate number of instructions to count for each model, however small it is. */
const COUNTED = 60_000_000;

const folderOf = (name) =>
  [join(root, 'models', name), join(root, '..', 'shared', 'models', name)].find((folder) =>
    existsSync(join(folder, 'golden', 'in_00.bin')),
  );

/** The input of tests/kernels/bench.c. */
function job({ model, memory }, input, output, runs) {
  const entries = model.layers.reduce((sum, { calls }) => sum + calls, 0);
  const words = [
    ...[Math.ceil(model.arenaBytes / 16) * 16, model.rom.length, model.rom.length - 8 * entries, entries],
    ...[memory.offsetOf(model.inputs[0].index), input.length],
    ...[memory.offsetOf(model.outputs[0].index), output.length, runs],
  ];
  return Buffer.concat([Buffer.from(Uint32Array.from(words).buffer), model.rom, input, output]);
}

async function instructions(board, elf, folder, bytes) {
  writeFileSync(join(folder, 'model.bin'), bytes);
  const node = await startNode(board, elf, { folder, icount: true });
  const { code, output } = await node.ended;
  if (code !== 0) throw new Error(`${BOARD} ended with ${code}: ${output}`);
  return output.trim().split('\n').map(Number);
}

const shape = (tensors) => tensors.map((tensor) => tensor.shape.join('x')).join(' ');
const thousands = (value) => value.toLocaleString('en');

const board = loadBoard(BOARD);
const sources = [join(root, 'tests', 'kernels', 'bench.c')];
const { elf } = await buildImage(board, {
  image: { name: 'kernels-bench', sources, components: ['kernels'] },
});
const folder = mkdtempSync(join(tmpdir(), 'mote-bench-'));
const chosen = process.argv.slice(2);
const results = {};
try {
  for (const name of chosen.length > 0 ? chosen : Object.keys(CMSIS_NN)) {
    const from = folderOf(name);
    if (from === undefined) {
      console.log(`${name}: skipped, its model and goldens aren't here\n`);
      continue;
    }
    const compilation = compileGraph(parseModel(readFileSync(join(from, 'model.tflite'))), { name }, '');
    const [input, output] = ['in', 'out'].map((end) => readFileSync(join(from, 'golden', `${end}_00.bin`)));
    const macs = compilation.model.layers.reduce((sum, layer) => sum + layer.macs, 0);
    const runs = Math.min(Math.max(Math.round(COUNTED / (4 * macs + 2000)), 2), 2000);
    const counts = await instructions(board, elf, folder, job(compilation, input, output, runs));
    const total = counts.pop();
    const layers = compilation.model.layers
      .filter(({ calls }) => calls > 0)
      .map(({ kernel, calls, inputs, outputs, macs }) => ({
        kernel,
        input: shape(inputs),
        output: shape(outputs),
        macs,
        instructions: counts.splice(0, calls).reduce((sum, count) => sum + count, 0),
      }));
    results[name] = { instructions: total, cmsisNn: CMSIS_NN[name] ?? null, macs, layers };
    console.log(name);
    for (const layer of layers) {
      const each = layer.macs > 0 ? (layer.instructions / layer.macs).toFixed(2) : '';
      console.log(
        `  ${layer.kernel.padEnd(17)} ${layer.input.padEnd(22)} ${layer.output.padEnd(12)} ${thousands(layer.macs).padStart(10)} MAC ${thousands(layer.instructions).padStart(11)} ${each.padStart(6)}`,
      );
    }
    const peer = CMSIS_NN[name];
    const ratio = peer === undefined ? '' : `, CMSIS-NN ${thousands(peer)}: ${(total / peer).toFixed(3)}`;
    console.log(`  all ${thousands(total)} instructions, ${(total / macs).toFixed(2)} a MAC${ratio}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (chosen.length === 0) writeFileSync(join(root, 'bench', 'kernels.json'), `${JSON.stringify(results, null, 2)}\n`);
