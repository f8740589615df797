// Writes the figures of bench/results.json into README.md, between its bench marks.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const { keyword, models, node } = JSON.parse(readFileSync(join(root, 'bench', 'results.json'), 'utf8'));
const number = (value) => value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
const ms = ({ ms: value }) => `${value < 0.1 ? value.toFixed(3) : number(value)} ms`;
/** What TensorFlow Lite Micro's interpreter uses of its arena, as the golden outputs' manifest has it. */
const reference = (name) =>
  JSON.parse(readFileSync(join(root, 'models', name, 'golden', 'manifest.json'), 'utf8')).tflm_arena_used_bytes_x86_64;
const rows = Object.entries(models).map(
  ([name, m]) =>
    `| ${name} | ${number(m.macs)} | ${number(m.arenaBytes)} (${number(reference(name))}) | ${number(m.romBytes)} | ${ms(m.wasm3)} | ${ms(m.v8)} |`,
);
const text = `Keyword node (front end and model) on 8 s of speech: ${number(keyword.wasm3.realTimeRatio)} times real time in wasm3,
${number(keyword.v8.realTimeRatio)} times in V8 (Node ${node}). Its module is ${number(keyword.wasmBytes)} bytes of wasm and ${number(keyword.romBytes)} of rom, and touches ${number(keyword.memoryBytes)} bytes of memory.

| model, one inference | MACs | arena, bytes (TFLM's) | rom, bytes | wasm3 | V8, with its watchdog (some 0.1 ms a call) |
|---|---|---|---|---|---|
${rows.join('\n')}
`;
const path = join(root, 'README.md');
const readme = readFileSync(path, 'utf8');
writeFileSync(path, readme.replace(/<!-- bench -->[\s\S]*<!-- \/bench -->/, `<!-- bench -->\n${text}<!-- /bench -->`));
