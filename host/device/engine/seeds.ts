/** For tests: small modules with all allowed features, as seeds for damaged ones. */
import { wat } from './testing.ts';

const MEMORY = '(memory $m 1 1) (export "memory" (memory $m))';
const VERSION = '(global $v i32 (i32.const 65536)) (export "abi_version" (global $v))';
const BYTES = '(global $b i32 (i32.const 1024)) (export "memory_bytes" (global $b))';
const FUEL = '(global $fuel (mut i64) (i64.const 1000)) (export "fuel" (global $fuel))';

/** Code that counts fuel down, so that most damaged loops end. */
const PAY = `(global.set $fuel (i64.sub (global.get $fuel) (i64.const 1)))
  (if (i64.lt_s (global.get $fuel) (i64.const 0)) (then (unreachable)))`;

const SOURCES = [
  // An app with imports and data.
  `(import "mote" "time_now" (func $now (result i64))) (import "mote" "rom_read" (func $read (param i32 i32 i32) (result i32)))
   (import "mote" "log" (func $log (param i32 i32 i32)))
   ${MEMORY} ${VERSION} ${BYTES} ${FUEL} (data (i32.const 16) "hello node") (data (i32.const 512) "\\01\\02\\03\\04")
   (func (export "init") (result i32) (call $log (i32.const 2) (i32.const 16) (i32.const 10)) (call $read (i32.const 0) (i32.const 64) (i32.const 16)))
   (func (export "step") (param i64) (result i64) (local $i i32) (local $sum i64)
     (loop $l ${PAY}
       (local.set $sum (i64.add (local.get $sum) (i64.load8_s offset=16 (local.get $i))))
       (i64.store offset=128 (i32.shl (local.get $i) (i32.const 3)) (local.get $sum))
       (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20))))
     (i64.add (local.get 0) (i64.add (local.get $sum) (call $now))))
   (func (export "on_message") (param i32 i32) (memory.fill (i32.const 700) (local.get 0) (i32.const 30))
     (memory.copy (i32.const 800) (i32.const 700) (local.get 1)))
   (func (export "health") (result i32) (i32.const 1))`,
  // Tables, recursion and branches.
  `(type $u (func (param i32) (result i32))) (table 4 funcref) (elem (i32.const 1) $fib $next) ${MEMORY} ${FUEL}
   (func $fib (export "fib") (param $n i32) (result i32) ${PAY}
     (if (result i32) (i32.lt_s (local.get $n) (i32.const 2)) (then (local.get $n)) (else
       (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1))) (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
   (func $next (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
   (func (export "through") (param i32 i32) (result i32) (call_indirect (type $u) (local.get 0) (local.get 1)))
   (func (export "choose") (param $n i32) (result i32)
     (block $a (block $b (block $c (block $d (br_table $a $b $c $d (local.get $n))) (return (i32.const 40)))
       (return (i32.const 30))) (return (i32.const 20))) (i32.const 10))
   (func (export "keep") (param $n i32) (result i32) (block $x (result i32)
     (drop (br_if $x (i32.const 5) (local.get $n))) (select (i32.const 6) (i32.const 7) (local.get $n))))`,
  // Numbers of all types, and conversions.
  `${MEMORY} (global $g (mut f64) (f64.const 1.5)) (export "g" (global $g))
   (func (export "floats") (param f32 f64) (result f64) (global.set $g (f64.add (global.get $g) (local.get 1)))
     (f64.mul (f64.promote_f32 (f32.sqrt (local.get 0))) (f64.max (global.get $g) (f64.floor (local.get 1)))))
   (func (export "cast") (param f64) (result i64) (i64.add (i64.trunc_sat_f64_s (local.get 0))
     (i64.extend_i32_s (i32.trunc_f64_s (local.get 0)))))
   (func (export "ints") (param i32 i64) (result i64) (local i64 i32 f32 i64)
     (local.set 2 (i64.rotl (local.get 1) (i64.extend_i32_u (local.get 0))))
     (local.set 3 (i32.div_s (local.get 0) (i32.or (i32.extend8_s (local.get 0)) (i32.const 1))))
     (i64.xor (i64.rem_u (local.get 2) (i64.const 1000)) (i64.extend_i32_s (i32.clz (local.get 3)))))
   (func (export "mixed") (param i32) (result i32) (i32.wrap_i64 (i64.mul (i64.const 0x123456789) (i64.load32_u (local.get 0)))))`,
];

export const SEED_MODULES: readonly Uint8Array[] = SOURCES.map((source) => wat(`(module ${source})`));
