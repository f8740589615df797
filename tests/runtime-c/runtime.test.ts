/** The WebAssembly runtime of boards/runtime on every emulated board, and under sanitizers: bounds, traps, memory. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packagePath } from '../../host/base/index.ts';
import { wat } from '../../host/device/engine/testing.ts';
import { type Board, buildImage, loadBoard, startNode } from '../../host/toolchain/board/index.ts';
import { missingTool } from '../boards/selftest.ts';

const folder = mkdtempSync(join(tmpdir(), 'mote-runtime-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let folders = 0;

const boards = await Promise.all(
  [
    ['linux', true],
    ['linux', false],
    ['mps2-an386', false],
    ['mps2-an505', false],
    ['lm3s6965evb', false],
    ['riscv-virt', false],
  ].map(async ([name, sanitize]) => {
    const board = loadBoard(name as string);
    const why = await missingTool(board, ['runtime']);
    const title = `${name}${sanitize ? ' under sanitizers' : ''}`;
    return { board, sanitize: sanitize as boolean, why, title: why === null ? title : `${title}, skipped: ${why}` };
  }),
);

async function run(board: Board, sanitize: boolean, options: string[], wasm?: Uint8Array) {
  const sources = [packagePath('tests', 'runtime-c', 'probe.c')];
  const { elf } = await buildImage(board, {
    image: { name: 'runtime-probe', sources, components: ['runtime'] },
    sanitize,
  });
  const dir = join(folder, String(folders++));
  mkdirSync(dir);
  if (wasm) writeFileSync(join(dir, 'module.wasm'), wasm);
  const node = await startNode(board, elf, { folder: dir, options, icount: board.run?.kind === 'qemu' });
  // A fault would restart a node endlessly.
  const late = setTimeout(() => node.kill(), 30_000);
  const { code, output } = await node.ended;
  clearTimeout(late);
  const lines = output.trim().split('\n');
  // QEMU's own message on the small board.
  return { code, lines: lines.filter((line) => !line.startsWith('Timer with period zero')) };
}

const IMPORTS = `(import "mote" "sensor_rate" (func $rate (param i32) (result i32)))
  (import "mote" "sensor_lost" (func $lost (param i32) (result i32)))
  (import "mote" "sensor_available" (func $work (param i32) (result i32)))
  (import "mote" "rom_size" (func $rom_size (result i32)))
  (import "mote" "rom_read" (func $rom_read (param i32 i32 i32) (result i32)))
  (import "mote" "nn_run" (func $nn_run (param i32 i32 i32) (result i32)))`;

/** Nested blocks with a branch out of each; otherwise they would not be emitted. */
const nested = (count: number) => {
  const open = Array.from({ length: count }, (_, i) => `(block $b${i} (br_if $b${i} (i32.load (i32.const ${i})))`);
  return `${open.join('')}${')'.repeat(count)}`;
};
const locals = (count: number) => `(local ${'i64 '.repeat(count)})`;

/**
 * Name, body with result i32 or none, expected outcome. Linear memory has 1000 bytes, fuel is 5000, the deadline 30 ms.
 */
const ROWS: readonly (readonly [string, string, RegExp])[] = [
  ['answers', '(result i32) (call $rate (i32.const 41))', /^answers none: 42$/],
  ['size', '(result i32) (call $rom_size)', /^size none: 4$/],
  [
    'reads',
    '(result i32) (drop (call $rom_read (i32.const 1) (i32.const 996) (i32.const 3))) (i32.load8_u (i32.const 997))',
    /^reads none: 3$/,
  ],
  ['beyond', '(result i32) (call $rom_read (i32.const 2) (i32.const 0) (i32.const 3))', /^beyond none: 4294967292$/],
  ['wraps', '(result i32) (call $rom_read (i32.const -1) (i32.const 0) (i32.const 2))', /^wraps none: 4294967292$/],
  ['behind', '(result i32) (call $rom_read (i32.const 0) (i32.const 997) (i32.const 4))', /^behind memory: /],
  ['portable', '(result i32) (call $nn_run (i32.const 0) (i32.const 0) (i32.const 9))', /^portable none: 0$/],
  ['last', '(result i32) (i32.load8_u (i32.const 999))', /^last none: 0$/],
  ['loads', '(result i32) (i32.load (i32.const 997))', /^loads memory: /],
  ['stores', '(i32.store8 (i32.const 1000) (i32.const 1))', /^stores memory: /],
  ['far', '(result i32) (i32.load offset=4294967295 (i32.const 4294967295))', /^far memory: /],
  ['copies', '(memory.copy (i32.const 990) (i32.const 0) (i32.const 11))', /^copies memory: /],
  ['fills', '(memory.fill (i32.const -4) (i32.const 0) (i32.const 8))', /^fills memory: /],
  ['recurses', '(call $recurses)', /^recurses stack: /],
  ['wide', `${locals(200)} (call $wide)`, /^wide stack: /],
  [
    'burns',
    '(loop $l (global.set $fuel (i64.sub (global.get $fuel) (i64.const 1))) (if (i64.lt_s (global.get $fuel) (i64.const 0)) (then unreachable)) (br $l))',
    /^burns fuel: /,
  ],
  ['hangs', '(loop $l (br $l))', /^hangs deadline: /],
  ['works', `(result i32) ${'(drop (call $work (i32.const 0)))'.repeat(6)} (i32.const 1)`, /^works deadline: /],
  ['ends', '(unreachable)', /^ends unreachable: /],
  ['divides', '(result i32) (i32.div_s (i32.const 1) (i32.load (i32.const 0)))', /^divides divide: /],
  ['overflows', '(result i32) (i32.div_s (i32.const -2147483648) (i32.const -1))', /^overflows integer: /],
  ['converts', '(result i32) (i32.trunc_f32_s (f32.div (f32.const 0) (f32.const 0)))', /^converts integer: /],
  ['calls', '(result i32) (call_indirect (type $other) (i32.const 1) (i32.const 0))', /^calls indirect: /],
  ['absent', '(result i32) (call_indirect (type $other) (i32.const 1) (i32.const 1))', /^absent indirect: /],
  ['outside', '(result i32) (call_indirect (type $other) (i32.const 1) (i32.const 70000))', /^outside indirect: /],
  ['fails', '(result i32) (call $lost (i32.const 0))', /^fails host: /],
  [
    'floats',
    '(result i32) (i32.trunc_f64_s (f64.mul (f64.sqrt (f64.const 2)) (f64.const 1e6)))',
    /^floats none: 1414213$/,
  ],
  ['shallow', nested(16), /^shallow none: /],
  ['deep', nested(510), /^deep stack: /],
  ['many', `${locals(1000)}`, /^many (stack|other): /],
];

const MODULE = `(module ${IMPORTS} (type $other (func (param i32) (result i32))) (memory 1) (export "memory" (memory 0))
  (table 2 funcref) (elem (i32.const 0) $ends) (global $fuel (mut i64) (i64.const 0)) (export "fuel" (global $fuel))
  ${ROWS.map(([name, body]) => `(func $${name} (export "${name}") ${body})`).join('\n')})`;

describe.each(boards)('the runtime on $title', ({ board, sanitize, why }) => {
  const test = it.skipIf(why !== null);
  /** A process has enough stack for deep nesting. */
  const roomy = board.name === 'linux';

  test('ends each call in a result or a trap, and frees all memory', async () => {
    const calls = ROWS.map(([name]) => `call=${name}`);
    const { code, lines } = await run(board, sanitize, ['do=calls', ...calls], wat(MODULE));
    expect([code, lines.length]).toEqual([0, ROWS.length]);
    for (const [i, [name, , expected]] of ROWS.entries())
      expect(lines[i]).toMatch(roomy && name === 'deep' ? /^deep none: / : expected);
  });

  test.each<[string, string, string[], RegExp]>([
    ['an import that no host provides', '(import "mote" "fly" (func))', [], /host doesn't give/],
    ['an import of another type', '(import "mote" "sensor_rate" (func (result i32)))', [], /host doesn't give/],
    [
      'an import of another module',
      '(import "env" "sensor_rate" (func (param i32) (result i32)))',
      [],
      /another module/,
    ],
    ['a start function', '(func $s) (start $s)', [], /start functions/],
    ['data beyond the limit of memory', '(memory 1) (data (i32.const 999) "ab")', [], /data segment/],
    ['more memory than available', '(memory 1)', ['memory=60000', 'heap=30000'], /memory allocation failed/],
    ['a stack that does not fit', '', ['stack=30000', 'heap=20000'], /memory allocation failed/],
    ['fuel that is no counter', '(global $f i64 (i64.const 0)) (export "fuel" (global $f))', [], /fuel isn't/],
  ])('refuses %s', async (_what, text, options, expected) => {
    const wasm = wat(`(module ${text} (func (export "f")))`);
    const { code, lines } = await run(board, sanitize, ['do=calls', 'call=f', ...options], wasm);
    expect([code, lines]).toEqual([0, [expect.stringMatching(expected)]]);
    expect(lines[0]).toMatch(/^f load: /);
  });

  test('stops when the heap has no room for the code of a function', async () => {
    const body = Array.from(
      { length: 400 },
      (_, i) => `(drop (i32.load (i32.add (i32.const ${i}) (i32.load (i32.const ${i})))))`,
    );
    const wasm = wat(`(module (memory 1) (func (export "f") ${body.join('')}))`);
    const enough = await run(board, sanitize, ['do=calls', 'call=f'], wasm);
    expect(enough).toEqual({ code: 0, lines: ['f none: 0'] });
    const small = roomy ? 'heap=36000' : 'heap=12000';
    const { code, lines } = await run(board, sanitize, ['do=calls', 'call=f', small], wasm);
    expect([code, lines]).toEqual([0, [expect.stringMatching(/^f memory: /)]]);
  });

  test('has a heap that preserves its contents and merges freed blocks', async () => {
    const { code, lines } = await run(board, sanitize, ['do=heap', 'heap=20000']);
    expect([code, lines]).toEqual([0, [expect.stringMatching(/^heap (19|20)\d\d\d$/)]]);
  });

  test('reads exports from the bytes of any module', async () => {
    const wasm = wat(`(module (import "mote" "rom_size" (func (result i32)))
      (global $f (mut i64) (i64.const -5)) (global $c (mut i32) (i32.const 7)) (global $d f64 (f64.const 11))
      (global $v i32 (i32.const 65537)) (global $m i32 (i32.const -1))
      (export "fuel" (global $f)) (export "changing" (global $c)) (export "abi_version" (global $v))
      (export "memory_bytes" (global $m)) (export "other" (global $d)) (func) (func (export "init")))`);
    const { code, lines } = await run(board, sanitize, ['do=exports'], wasm);
    expect([code, lines]).toEqual([0, ['abi_version 65537', 'memory_bytes 4294967295', 'init 2']]);
  });
});
