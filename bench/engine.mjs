// Costs of the engine interface: node bench/engine.mjs (after npm run setup). Best of several runs, in nanoseconds.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import binaryen from 'binaryen';
import { root } from '../scripts/run.mjs';

const { loadEngine, ENGINE_NAMES } = await import(pathToFileURL(join(root, 'dist/host/device/engine/index.js')).href);
const { addFuel } = await import(pathToFileURL(join(root, 'dist/host/toolchain/assembly/fuel.js')).href);

const MAC = (at) => `(local.set $sum (i32.add (local.get $sum)
  (i32.mul (i32.load8_s offset=${at} (local.get $p)) (i32.load8_s offset=${1024 + at} (local.get $p)))))`;
const loop = (name, body, step) => `(func (export "${name}") (param $n i32) (result i32) (local $sum i32) (local $p i32)
  (loop $l ${body} (local.set $p (i32.and (i32.add (local.get $p) (i32.const ${step})) (i32.const 1023)))
    (br_if $l (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const ${step}))) (i32.const 0)))) (local.get $sum))`;
const module = binaryen.parseText(`(module
  (import "mote" "sensor_rate" (func $rate (param i32) (result i32))) (import "mote" "time_now" (func $now (result i64)))
  (import "mote" "rom_read" (func $rom (param i32 i32 i32) (result i32)))
  (memory 1) (export "memory" (memory 0))
  (func (export "nothing")) (func (export "step") (param i64) (result i64) (local.get 0))
  ${loop('mac', MAC(0), 1)} ${loop('mac4', [0, 1, 2, 3].map(MAC).join(''), 4)}
  ${loop('host_i32', '(local.set $sum (call $rate (local.get $n)))', 1)}
  ${loop('host_i64', '(local.set $sum (i32.wrap_i64 (call $now)))', 1)}
  ${loop('rom_read', '(local.set $sum (call $rom (i32.const 0) (i32.const 0) (i32.const 64)))', 1)})`);
const plain = module.emitBinary();
// `plain` runs behind a deadline, for which V8 needs its guard; `fuelled` with trusted fuel; `exempt` like a library
// kernel.
const fuelled = addFuel(plain, { memoryBytes: 65536, optimize: false });
const exempt = addFuel(plain, { memoryBytes: 65536, optimize: false, isExempt: () => true });

function best(count, work) {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 9; i++) {
    const start = process.hrtime.bigint();
    work();
    least = Math.min(least, Number(process.hrtime.bigint() - start));
  }
  return least / count;
}

const rows = [];
const imports = { sensor_rate: (sensor) => sensor, time_now: () => 5n };
const limits = { memoryBytes: 65536, stackBytes: 65536, fuel: 1n << 40n };
const instances = new Map();
for (const name of ENGINE_NAMES) {
  const engine = await loadEngine(name);
  const open = (wasm, deadlineMs) =>
    engine.load({ wasm, rom: new Uint8Array(64), imports, limits: { ...limits, deadlineMs } });
  instances.set(name, { plain: open(plain, 60_000), fuelled: open(fuelled, Infinity), exempt: open(exempt, Infinity) });
}

function measure(description, count, work) {
  const row = { description };
  for (const [name, one] of instances) row[name] = Number(best(count, () => work(one)).toFixed(2));
  rows.push(row);
}

const N = 20_000;
const repeat = (count, work) => {
  for (let i = 0; i < count; i++) work(i);
};
measure('call of a function, no deadline', N, ({ fuelled }) => repeat(N, () => fuelled.call('nothing')));
measure('call with an i64 and a result, no deadline', N, ({ fuelled }) =>
  repeat(N, (i) => fuelled.call('step', BigInt(i))),
);
measure('call of a function, behind a deadline', 500, ({ plain }) => repeat(500, () => plain.call('nothing')));
measure('host function, i32', N, ({ exempt }) => exempt.call('host_i32', N));
measure('host function, i64', N, ({ exempt }) => exempt.call('host_i64', N));
measure('rom_read of 64 bytes', N, ({ exempt }) => exempt.call('rom_read', N));
measure('bytes() of 64 bytes', N, ({ exempt }) => repeat(N, () => exempt.bytes(64, 64)));
measure('multiply-accumulate, simple loop', 1e6, ({ exempt }) => exempt.call('mac', 1e6));
measure('multiply-accumulate, 4 a loop', 1e6, ({ exempt }) => exempt.call('mac4', 1e6));
measure('multiply-accumulate, simple loop, with fuel', 1e6, ({ fuelled }) => fuelled.call('mac', 1e6));
console.table(Object.fromEntries(rows.map(({ description, ...rest }) => [description, rest])));
