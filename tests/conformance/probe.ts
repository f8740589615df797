/**
 * A module that runs scripts, which call imports with any arguments and cause any fault. The result of each call is
 * shown as a tap, so a table of scripts is a table of tests of the ABI.
 *
 * Scripts come from the key-value store (`init`: at its start; `step`: in each step; `health`: in each call of
 * `health`) and from the command `run`. A script is copied to SCRIPT. Its format: u16 count, then for each call u8
 * function, u8 number of arguments, u16 bytes to show, u32 their address, and 8 bytes for each argument; texts and
 * other data follow.
 */
import { ABI_IMPORTS, ABI_VERSION, type FunctionType } from '../../host/device/engine/index.ts';
import { wat } from '../../host/device/engine/testing.ts';

export const MEMORY_BYTES = 8192;
/** Address of two letters, AA, AB and so on. Enough bytes follow that 54 of them are a name. */
export const LETTERS = 8;
/** Address of the name of its metric. Published as an int32, its first four letters identify the metric. */
export const METRIC = 192;
/** Address of the script in the module's memory, and of the area that it may write. */
export const SCRIPT = 2048;
export const SCRATCH = 4096;
const SCRIPT_BYTES = 1024;
export const SCRATCH_BYTES = MEMORY_BYTES - SCRATCH;

const imports = Object.entries(ABI_IMPORTS as Record<string, FunctionType>);
/** What a script can do besides calling imports. */
const DEEDS = {
  /** Runs into `unreachable`. */
  unreachable: '(unreachable)',
  /** Loops and counts fuel. */
  spin: '(loop $l (call $burn) (br $l))',
  /** Loops and counts no fuel. */
  hang: '(loop $l (br $l))',
  recurse: '(drop (call $recurse (i32.const 0)))',
  store: '(i32.store8 (i32.wrap_i64 (i64.load offset=8 (local.get $at))) (i32.const 1))',
  load: '(drop (i32.load8_u (i32.wrap_i64 (i64.load offset=8 (local.get $at)))))',
  divide: '(drop (i32.div_s (i32.const 1) (i32.wrap_i64 (i64.load offset=8 (local.get $at)))))',
  overflow: '(drop (i32.div_s (i32.const 0x80000000) (i32.wrap_i64 (i64.load offset=8 (local.get $at)))))',
  convert: '(drop (i32.trunc_f32_s (f32.const nan)))',
  indirect: '(call_indirect (type $nothing) (i32.wrap_i64 (i64.load offset=8 (local.get $at))))',
  /** Sets the value that `health` returns from now on. */
  health: '(global.set $answer (i32.wrap_i64 (i64.load offset=8 (local.get $at))))',
  /** Sets the microseconds between steps; below 0: no further step. */
  period: '(global.set $period (i64.load offset=8 (local.get $at)))',
  /** Sets the microseconds from now to the next step, which may be negative. */
  after: '(global.set $mode (i32.const 1)) (global.set $period (i64.load offset=8 (local.get $at)))',
  /** Sets the time of the next step, and how much later that of each step after it is. */
  until: '(global.set $mode (i32.const 2)) (global.set $period (i64.load offset=8 (local.get $at)))',
  gain: '(global.set $gain (i64.load offset=8 (local.get $at)))',
  /** Repeats the next call, each time with other letters at LETTERS. */
  times: '(global.set $times (i32.wrap_i64 (i64.load offset=8 (local.get $at))))',
  /** Makes the next call at this call depth. */
  deep: '(global.set $depth (i32.wrap_i64 (i64.load offset=8 (local.get $at))))',
  /** Sets what `init` returns. */
  start: '(global.set $start (i32.wrap_i64 (i64.load offset=8 (local.get $at))))',
  burn: `(local.set $n (i64.load offset=8 (local.get $at)))
    (loop $l (call $burn) (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br_if $l (i64.gt_s (local.get $n) (i64.const 0))))`,
} as const;
type Deed = keyof typeof DEEDS;
const NO_ARGUMENT: readonly Deed[] = ['unreachable', 'spin', 'hang', 'recurse', 'convert'];

const paramText = (type: FunctionType) => type.params.map((one) => ` (param ${one})`).join('');
const resultText = (type: FunctionType) => (type.result === null ? '' : ` (result ${type.result})`);

/** Calls an import and leaves its result, an i64, in memory at 0. */
const cases = imports.map(([name, type]) => {
  const args = type.params.map((one, i) => {
    const value = `(i64.load offset=${8 + 8 * i} (local.get $at))`;
    return one === 'i64' ? value : `(i32.wrap_i64 ${value})`;
  });
  const call = `(call $${name} ${args.join(' ')})`;
  const nothing = `${call} (i64.store (i32.const 0) (i64.const 0))`;
  const value = type.result === 'i64' ? call : `(i64.extend_i32_s ${call})`;
  const text = type.result === null ? nothing : `(i64.store (i32.const 0) ${value})`;
  return { name, params: type.params.length, text };
});
const all = [
  ...cases,
  ...(Object.keys(DEEDS) as Deed[]).map((name) => ({
    name,
    params: NO_ARGUMENT.includes(name) ? 0 : 1,
    text: `${DEEDS[name]} (i64.store (i32.const 0) (i64.const 0))`,
  })),
];

/** One function for each case keeps wasm3's compiled code small on a board. */
const bodies = all.map(({ name, text }) => `(func $do_${name} (param $at i32) (local $n i64) ${text})`).join('\n');

export interface ProbeOptions {
  memoryBytes?: number;
  abi?: number;
  /** An export to omit. */
  leaveOut?: string;
  /** Value of `health` until a script changes it. */
  answer?: number;
  /** `health` returns 0 this many times before. */
  healthyAfter?: number;
  /** A tap of this name in `init`. */
  mark?: string;
  /** Declared in `init` before its script runs; up to 64 letters. */
  metric?: string;
  /** Runs into `unreachable` in this function. */
  faultIn?: 'init' | 'step' | 'health';
}

export function probeWasm(options: ProbeOptions = {}): Uint8Array {
  const {
    memoryBytes = MEMORY_BYTES,
    abi = ABI_VERSION,
    leaveOut = '',
    answer = 1,
    healthyAfter = 0,
    mark = '',
    metric = '',
    faultIn,
  } = options;
  const fault = (place: ProbeOptions['faultIn']) => (place === faultIn ? '(unreachable)' : '');
  const exported = (name: string) => (name === leaveOut ? '' : `(export "${name}")`);
  const global = (name: string, id: string) => (name === leaveOut ? '' : `(export "${name}" (global ${id}))`);
  return wat(`(module
    (type $nothing (func)) (type $deed (func (param i32)))
    ${imports.map(([name, type]) => `(import "mote" "${name}" (func $${name}${paramText(type)}${resultText(type)}))`).join('\n')}
    (memory $m 1) (export "memory" (memory $m))
    (global $version i32 (i32.const ${abi})) ${global('abi_version', '$version')}
    (global $bytes i32 (i32.const ${memoryBytes})) ${global('memory_bytes', '$bytes')}
    (global $fuel (mut i64) (i64.const 0)) (export "fuel" (global $fuel))
    (global $answer (mut i32) (i32.const ${answer}))
    (global $patience (mut i32) (i32.const ${healthyAfter}))
    (global $start (mut i32) (i32.const 0))
    (global $times (mut i32) (i32.const 1))
    (global $depth (mut i32) (i32.const 0))
    (global $period (mut i64) (i64.const 1000000))
    (global $mode (mut i32) (i32.const 0))
    (global $gain (mut i64) (i64.const 0))
    (data (i32.const 10) "${'x'.repeat(6)}initstephealthrunrm${'x'.repeat(29)}")
    (table ${all.length + 1} funcref)
    (elem (i32.const 0) ${all.map(({ name }) => `$do_${name}`).join(' ')})
    (func $burn (global.set $fuel (i64.sub (global.get $fuel) (i64.const 1)))
      (if (i64.lt_s (global.get $fuel) (i64.const 0)) (then (unreachable))))
    (func $recurse (param $n i32) (result i32)
      (i32.add (call $recurse (i32.add (local.get $n) (i32.const 1))) (i32.const 1)))
    (func $under (param $deep i32) (param $at i32) (param $what i32)
      (if (i32.eqz (local.get $deep))
        (then (call_indirect (type $deed) (local.get $at) (local.get $what)))
        (else (call $under (i32.sub (local.get $deep) (i32.const 1)) (local.get $at) (local.get $what)))))
    ${bodies}
    (func $script (param $bytes i32) (local $left i32) (local $at i32) (local $what i32) (local $count i32) (local $k i32) (local $deep i32)
      (if (i32.lt_s (local.get $bytes) (i32.const 2)) (then (return)))
      (local.set $left (i32.load16_u (i32.const ${SCRIPT})))
      (local.set $at (i32.const ${SCRIPT + 8}))
      (loop $next
        (if (i32.eqz (local.get $left)) (then (return)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (local.set $what (i32.load8_u (local.get $at)))
        (local.set $count (global.get $times))
        (global.set $times (i32.const 1))
        (local.set $k (i32.const 0))
        (loop $again
          (i32.store8 (i32.const ${LETTERS}) (i32.add (i32.const 65) (i32.div_u (local.get $k) (i32.const 26))))
          (i32.store8 (i32.const ${LETTERS + 1}) (i32.add (i32.const 65) (i32.rem_u (local.get $k) (i32.const 26))))
          (local.set $deep (global.get $depth))
          (global.set $depth (i32.const 0))
          (call $under (local.get $deep) (local.get $at) (local.get $what))
          (call $tap (i32.const 33) (i32.const 1) (i32.const 0) (i32.const 8))
          (local.set $k (i32.add (local.get $k) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get $k) (local.get $count))))
        (if (i32.load16_u offset=2 (local.get $at)) (then
          (call $tap (i32.const 34) (i32.const 1) (i32.load offset=4 (local.get $at)) (i32.load16_u offset=2 (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.add (i32.const 8) (i32.shl (i32.load8_u offset=1 (local.get $at)) (i32.const 3)))))
        (br $next)))
    (func $stored (param $key i32) (param $bytes i32)
      (call $script (call $kv_get (local.get $key) (local.get $bytes) (i32.const ${SCRIPT}) (i32.const ${SCRIPT_BYTES}))))
    (data (i32.const 128) "${mark}")
    (data (i32.const ${METRIC}) "${metric}")
    (func ${exported('init')} (result i32) ${fault('init')}
      (call $tap (i32.const 128) (i32.const ${mark.length}) (i32.const 0) (i32.const 0))
      (drop (call $subscribe (i32.const 30) (i32.const 3)))
      ${metric && `(drop (call $metric (i32.const ${METRIC}) (i32.const ${metric.length}) (i32.const 0) (i32.const 0) (i32.const 0)))`}
      (call $stored (i32.const 16) (i32.const 4))
      (global.get $start))
    (func ${exported('step')} (param $now i64) (result i64) ${fault('step')}
      (call $stored (i32.const 20) (i32.const 4))
      (if (i32.eq (global.get $mode) (i32.const 1)) (then (return (i64.add (local.get $now) (global.get $period)))))
      (if (i32.eq (global.get $mode) (i32.const 2)) (then
        (global.set $period (i64.add (global.get $period) (global.get $gain)))
        (return (global.get $period))))
      (select (i64.const 0x7fffffffffffffff) (i64.add (local.get $now) (global.get $period))
        (i64.lt_s (global.get $period) (i64.const 0))))
    (func ${exported('on_message')} (param $id i32) (param $length i32)
      (i32.store (i32.const 0) (local.get $id)) (i32.store (i32.const 4) (local.get $length))
      (call $tap (i32.const 34) (i32.const 1) (i32.const 0) (i32.const 8))
      (call $script (call $message_read (i32.const ${SCRIPT}) (i32.const ${SCRIPT_BYTES}))))
    (func ${exported('health')} (result i32) ${fault('health')}
      (call $stored (i32.const 24) (i32.const 6))
      (global.set $patience (i32.sub (global.get $patience) (i32.const 1)))
      (if (result i32) (i32.ge_s (global.get $patience) (i32.const 0)) (then (i32.const 0)) (else (global.get $answer)))))`);
}

type Argument = number | bigint | string | Uint8Array;
/** A call. A text or bytes become two arguments: their address and length. */
export type Call =
  | [name: string, ...args: Argument[]]
  | { call: [name: string, ...args: Argument[]]; show: [at: number, bytes: number] };

/** Encodes a script. Throws if the module couldn't hold it, or if it calls an unknown function. */
export function script(...calls: Call[]): Uint8Array {
  const whole = calls.map((one) => (Array.isArray(one) ? { call: one, show: [0, 0] as [number, number] } : one));
  const records = whole.map(({ call: [name, ...args] }) => {
    const index = all.findIndex((one) => one.name === name);
    if (index < 0) throw new Error(`no function '${name}'`);
    const count = args.reduce<number>(
      (sum, one) => sum + (typeof one === 'object' || typeof one === 'string' ? 2 : 1),
      0,
    );
    if (count !== all[index]!.params) throw new Error(`${name} takes ${all[index]!.params} arguments, not ${count}`);
    return { index, count, args };
  });
  const dataAt = 8 + records.reduce((sum, { count }) => sum + 8 + 8 * count, 0);
  const data: Uint8Array[] = [];
  let dataBytes = 0;
  const head = Buffer.alloc(dataAt);
  head.writeUInt16LE(calls.length, 0);
  let at = 8;
  for (const [i, { index, count, args }] of records.entries()) {
    head[at] = index;
    head[at + 1] = count;
    head.writeUInt16LE(whole[i]!.show[1], at + 2);
    head.writeUInt32LE(whole[i]!.show[0], at + 4);
    at += 8;
    for (const one of args) {
      const values: (number | bigint)[] = [];
      if (typeof one === 'string' || typeof one === 'object') {
        const bytes = typeof one === 'string' ? Buffer.from(one) : one;
        values.push(SCRIPT + dataAt + dataBytes, bytes.length);
        data.push(bytes);
        dataBytes += bytes.length;
      } else values.push(one);
      for (const value of values) {
        head.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)), at);
        at += 8;
      }
    }
  }
  const bytes = Buffer.concat([head, ...data]);
  if (bytes.length > SCRIPT_BYTES) throw new Error(`a script of ${bytes.length} bytes`);
  return bytes;
}
