// npm run bench: speed of the keyword node and of each model, in both engines, in one run. Writes bench/results.json.
// Figures are medians. The ratios matter: times real time, and V8 compared with wasm3.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../scripts/run.mjs';

const component = (name) => import(pathToFileURL(join(root, 'dist', 'host', name, 'index.js')).href);
const { loadEngine, ENGINE_NAMES } = await component('device/engine');
const { buildApp } = await component('toolchain/build');
const { buildHarness, loadHarness, runModel } = await component('toolchain/compiler');
const { VirtualClock } = await component('base');
const { Node, runToEnd, wavSource } = await component('device/node');

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Runs `work` until `seconds` have passed, at least five times. Returns the milliseconds of the median run. */
function time(seconds, work) {
  work();
  const runs = [];
  const end = performance.now() + seconds * 1000;
  while (runs.length < 5 || performance.now() < end) {
    const started = performance.now();
    work();
    runs.push(performance.now() - started);
  }
  return { ms: median(runs), runs: runs.length };
}

const results = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', keyword: {}, models: {} };
console.log('keyword node on stream.wav (8 s of speech), front end and model');
const app = await buildApp(join(root, 'assembly/apps/keyword'));
const wav = wavSource(readFileSync(join(root, 'recordings/speech/stream.wav')));
for (const name of ENGINE_NAMES) {
  const engine = await loadEngine(name);
  const { ms, runs } = time(3, () => {
    const clock = new VirtualClock();
    const node = new Node({ id: 'bench', engine, clock, module: app, sensors: [{ name: 'microphone', source: wav }] });
    node.start();
    runToEnd(clock, [node], { drainMs: 0 });
    if (node.status().fault) throw new Error(node.status().fault.text);
    node.close();
  });
  const ratio = 8000 / ms;
  results.keyword[name] = { ms, runs, realTimeRatio: ratio };
  console.log(
    `  ${name.padEnd(6)} ${ms.toFixed(1).padStart(8)} ms  ${ratio.toFixed(1).padStart(7)} x real time  (median of ${runs})`,
  );
}
results.keyword.wasmBytes = app.wasm.length;
results.keyword.romBytes = app.rom.length;
results.keyword.memoryBytes = app.metadata.memoryBytes;
console.log(`  module ${app.wasm.length} B wasm + ${app.rom.length} B rom, ${app.metadata.memoryBytes} B of memory`);

console.log('\nmodels, one inference');
for (const name of ['hello_world', 'micro_speech', 'kws', 'ad', 'person_detect']) {
  const file = join(root, 'models', name, 'model.tflite');
  if (!existsSync(file)) continue;
  const harness = await buildHarness(readFileSync(file));
  const macs = harness.model.layers.reduce((sum, layer) => sum + layer.macs, 0);
  const row = {
    macs,
    arenaBytes: harness.model.arenaBytes,
    romBytes: harness.rom.length,
    wasmBytes: harness.wasm.length,
  };
  const input = new Uint8Array(harness.model.inputs.reduce((sum, tensor) => sum + tensor.bytes, 0));
  for (const engineName of ENGINE_NAMES) {
    const instance = loadHarness(harness, await loadEngine(engineName));
    row[engineName] = time(1, () => runModel(instance, harness, input));
    instance.close();
  }
  results.models[name] = row;
  const figures = ENGINE_NAMES.map((engine) => `${engine} ${row[engine].ms.toFixed(3).padStart(9)} ms`).join('  ');
  console.log(
    `  ${name.padEnd(14)} ${String(macs).padStart(9)} MAC  arena ${String(row.arenaBytes).padStart(6)} B  ${figures}`,
  );
}
writeFileSync(join(root, 'bench', 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
console.log('\nwrote bench/results.json');
