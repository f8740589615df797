// Writes the figures of bench/results.json into README.md, between the bench markers.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const { keyword, models, node } = JSON.parse(readFileSync(join(root, 'bench', 'results.json'), 'utf8'));
const number = (value) => value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
const ms = ({ ms: value }) => `${value < 0.1 ? value.toFixed(3) : number(value)} ms`;
/** Arena bytes that TensorFlow Lite Micro's interpreter uses, from the manifest of the golden files. */
const reference = (name) =>
  JSON.parse(readFileSync(join(root, 'models', name, 'golden', 'manifest.json'), 'utf8')).tflm_arena_used_bytes_x86_64;
const row = (...cells) => `| ${cells.join(' | ')} |`;
const rows = Object.entries(models).map(([name, m]) =>
  row(
    name,
    number(m.macs),
    `${number(m.arenaBytes)} (${number(reference(name))})`,
    number(m.romBytes),
    ms(m.wasm3),
    ms(m.v8),
  ),
);
const speed = ({ realTimeRatio }) => `${number(realTimeRatio)} times real time`;
const text = [
  `The keyword node (audio front end and model) processes 8 s of speech at ${speed(keyword.wasm3)} in wasm3,`,
  `and at ${speed(keyword.v8)} in V8 (Node ${node}).`,
  `Its module has ${number(keyword.wasmBytes)} bytes of wasm and ${number(keyword.romBytes)} bytes of rom,`,
  `and touches ${number(keyword.memoryBytes)} bytes of memory.`,
];
const table = [
  row(
    'one inference of',
    'MACs',
    'arena in bytes (of TFLM)',
    'rom in bytes',
    'wasm3',
    'V8, including its watchdog (about 0.1 ms a call)',
  ),
  '|---|---|---|---|---|---|',
  ...rows,
];
const block = [`${text[0]} ${text[1]}`, `${text[2]} ${text[3]}`, '', ...table].join('\n');
const path = join(root, 'README.md');
const readme = readFileSync(path, 'utf8');
writeFileSync(
  path,
  readme.replace(/<!-- bench -->[\s\S]*<!-- \/bench -->/, `<!-- bench -->\n${block}\n<!-- /bench -->`),
);
