// Flash and RAM of the agent by part, for each board whose compiler is installed. The figures are compared with those
// in bench/footprint.json, which --write replaces, and with the limits below.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bold, dim, green, red, root, step } from './run.mjs';

const usage = `npm run footprint [-- --board NAME] [--json] [--write]
  --board NAME   only that board
  --json         the figures as JSON on standard output
  --write        store the figures for later comparisons (bench/footprint.json)
Exit codes: 0 within the limits, 1 beyond one, 2 not measured.`;

/** Limits in bytes of everything together. RAM doesn't include the modules' heap. */
const LIMITS = { 'mps2-an386': { flash: 128 * 1024, ram: 24 * 1024 } };
const FILE = join(root, 'bench', 'footprint.json');

const options = { board: undefined, json: false, write: false };
for (let i = 2; i < process.argv.length; i++) {
  const word = process.argv[i];
  if (word === '--json') options.json = true;
  else if (word === '--write') options.write = true;
  else if (word === '--board' && process.argv[i + 1] !== undefined) options.board = process.argv[++i];
  else {
    console.log(usage);
    process.exit(word === '--help' ? 0 : 2);
  }
}

function refuse(message) {
  console.error(red(message));
  process.exit(2);
}

function committed() {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')).boards;
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    refuse(`bench/footprint.json can't be read: ${error.message}`);
  }
}

/** The figures of a board. `heap` is the RAM that is left for modules. */
function figuresOf(board, map, { footprintOf, totalOf }) {
  const parts = footprintOf(map);
  const total = totalOf(parts);
  return { parts, flash: total.flash, ram: total.ram, heap: board.memory.ram.bytes - total.ram };
}

const bytes = (value) => value.toLocaleString('en');
function change(now, before) {
  if (before === undefined || before === now) return '';
  return now > before ? red(` +${bytes(now - before)}`) : green(` -${bytes(before - now)}`);
}

function show(name, figures, before, parts) {
  console.log(`\n${bold(name.padEnd(14))}${'flash'.padStart(10)}${'RAM'.padStart(10)}`);
  for (const part of parts) {
    const now = figures.parts[part];
    if (now.flash === 0 && now.ram === 0) continue;
    const was = before?.parts[part];
    const text = `  ${part.padEnd(12)}${bytes(now.flash).padStart(10)}${bytes(now.ram).padStart(10)}`;
    console.log(
      `${text}${change(now.flash, was?.flash)}${change(now.ram, was?.ram) && ` RAM${change(now.ram, was?.ram)}`}`,
    );
  }
  const all = `  ${'all'.padEnd(12)}${bytes(figures.flash).padStart(10)}${bytes(figures.ram).padStart(10)}`;
  console.log(`${bold(all)}${change(figures.flash, before?.flash)}${dim(`  ${bytes(figures.heap)} left for modules`)}`);
}

/** Returns a sentence for each exceeded limit. */
function excesses(name, figures) {
  return Object.entries(LIMITS[name] ?? {})
    .filter(([kind, limit]) => figures[kind] > limit)
    .map(([kind, limit]) => `${name}: ${bytes(figures[kind])} bytes of ${kind}, the limit is ${bytes(limit)}`);
}

if (!options.json) await step('Setting up', process.execPath, ['scripts/setup.mjs']);
const toolchain = await import(pathToFileURL(join(root, 'dist/host/toolchain/board/index.js')).href);
const names = toolchain.boardNames().filter((name) => options.board === undefined || name === options.board);
if (names.length === 0) refuse(`There is no board ${options.board}: use one of ${toolchain.boardNames().join(', ')}.`);
const before = committed();
const found = {};
const unmeasured = [];
for (const name of names) {
  const board = toolchain.loadBoard(name);
  if (board.memory === null) {
    if (options.board !== undefined) refuse(`${name} is a process and has no footprint.`);
    continue;
  }
  try {
    const { map } = await toolchain.buildImage(board, { image: 'agent' });
    found[name] = figuresOf(board, readFileSync(map, 'utf8'), toolchain);
  } catch (error) {
    if (error.code === undefined) throw error;
    // A missing compiler shortens the comparison; it is an error only if its board was requested.
    const optional = error.code === 'BOARD_TOOL' && options.board === undefined && !options.write;
    if (optional) console.error(dim(`${name} skipped: ${error.message}`));
    else unmeasured.push(`${name}: ${error.message}`);
  }
}
const broken = Object.entries(found).flatMap(([name, figures]) => excesses(name, figures));
if (options.json) console.log(JSON.stringify({ boards: found, broken }, null, 2));
else for (const [name, figures] of Object.entries(found)) show(name, figures, before[name], toolchain.PARTS);
if (options.write && unmeasured.length === 0)
  writeFileSync(FILE, `${JSON.stringify({ boards: { ...before, ...found } }, null, 2)}\n`);
for (const sentence of [...unmeasured, ...broken]) console.error(red(sentence));
process.exitCode = unmeasured.length > 0 ? 2 : broken.length > 0 ? 1 : 0;
