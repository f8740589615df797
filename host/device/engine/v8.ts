/**
 * The engine interface over V8: compiled code, for thousands of nodes in one process.
 *
 * Differences from an interpreter, which controls its memory and its loop:
 * - V8 can't limit memory below a page. After each call all memory beyond `memoryBytes` must therefore still be zero (a comparison of up to 64 KiB, 1.5 us). A write there is the same `memory` trap, only later; a read there returns zeros.
 * - Only Node's `vm` can stop a running loop, and its timeout starts a thread, which costs about 50 us a call. A fuel global alone doesn't make it unnecessary, because a module may have one and never count it down. A large simulation that built all its modules itself sets `deadlineMs` to Infinity.
 */
import vm from 'node:vm';
import { AbiError } from '../../base/abi/index.ts';
import { MoteError, sentence } from '../../base/index.ts';
import { type Engine, type HostFunction, type LoadOptions, Trap, type TrapKind, type Value } from './engine.ts';
import { type Core, createInstance, hostFunction, hostTrap, inspect, KERNEL_NAMES } from './instance.ts';
import type { ModuleInfo } from './validate.ts';

type Callable = (...args: Value[]) => Value | undefined;

/** V8's messages of `WebAssembly.RuntimeError` (src/common/message-template.h, kTrap...). */
const KINDS: readonly (readonly [RegExp, TrapKind])[] = [
  [/memory access out of bounds/, 'memory'],
  [/unreachable/, 'unreachable'],
  [/divide by zero|remainder by zero/, 'divide'],
  [/divide result unrepresentable|float unrepresentable/, 'integer'],
  [/table index|function signature|null function|indirect call/, 'indirect'],
];

/** Carries an exception of a host function through the module. */
class HostFault {
  readonly trap: Trap;
  constructor(trap: Trap) {
    this.trap = trap;
  }
}

/** A frame of the module in a stack, as V8 writes it. */
const FRAME = /^ +at .*wasm-function\[\d+\]:0x([0-9a-f]+)\)?$/;

function offsetsOf(error: unknown): number[] {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  return lines.flatMap((line) => {
    const offset = FRAME.exec(line)?.[1];
    return offset === undefined ? [] : [Number.parseInt(offset, 16)];
  });
}

function trapOf(error: unknown): Trap {
  if (error instanceof HostFault) return error.trap;
  // The error of the timeout comes from the guard's realm, where `Error` is another class.
  if ((error as NodeJS.ErrnoException | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
    return new Trap('deadline', 'the module ran longer than its deadline', { cause: error });
  }
  if (!(error instanceof Error)) return new Trap('other', `the module failed: ${String(error)}`, { cause: error });
  const { message } = error;
  // V8 itself throws a TypeError if a host function returns a value of the wrong type.
  const offsets = offsetsOf(error);
  if (error instanceof TypeError) return hostTrap(error, offsets);
  if (error instanceof RangeError)
    return new Trap('stack', 'the module overflowed its stack', { cause: error, offsets });
  const kind = KINDS.find(([pattern]) => pattern.test(message))?.[1] ?? 'other';
  return new Trap(kind, sentence('trap_other', message), { cause: error, offsets });
}

/** Longest timeout of `vm`. */
const MAX_TIMEOUT_MS = 0x7fff_ffff;

const guard: { run: (() => Value | undefined) | null } = { run: null };
const guardContext = vm.createContext(guard);
const guardScript = new vm.Script('run()');

function runGuarded(run: () => Value | undefined, deadlineMs: number): Value | undefined {
  guard.run = run;
  return guardScript.runInContext(guardContext, {
    timeout: Math.min(Math.max(1, Math.ceil(deadlineMs)), MAX_TIMEOUT_MS),
  });
}

/** The functions that the engine itself provides. */
function ownFunctions(rom: Uint8Array, memory: () => ArrayBuffer, top: number): Record<string, HostFunction> {
  return {
    ...Object.fromEntries(KERNEL_NAMES.map((name) => [name, () => 0])),
    rom_size: () => rom.length,
    rom_read: (offset, dst, length) => {
      const [from, to, count] = [Number(offset) >>> 0, Number(dst) >>> 0, Number(length) >>> 0];
      if (from + count > rom.length) return AbiError.INVALID;
      if (to + count > top) throw new Trap('memory', `rom_read to bytes ${to} to ${to + count}: memory has ${top}`);
      new Uint8Array(memory(), to, count).set(rom.subarray(from, from + count));
      return AbiError.OK;
    },
  };
}

function wrap(host: HostFunction): HostFunction {
  return (...args) => {
    try {
      return host(...args);
    } catch (error) {
      // Its own stack goes on with the frames of the module.
      throw new HostFault(hostTrap(error, offsetsOf(error)));
    }
  };
}

function instantiate(info: ModuleInfo, options: LoadOptions): WebAssembly.Exports {
  const imports: Record<string, HostFunction> = {};
  const rom = new Uint8Array(options.rom ?? []);
  const top = Math.min(options.limits.memoryBytes, info.memoryPages * 65536);
  let exports: WebAssembly.Exports = {};
  const own = ownFunctions(rom, () => memoryOf(info, exports), top);
  for (const entry of info.imports) imports[entry.name] = wrap(hostFunction(options, entry) ?? own[entry.name]!);
  try {
    exports = new WebAssembly.Instance(new WebAssembly.Module(info.stripped), { mote: imports }).exports;
  } catch (cause) {
    throw new MoteError('WASM_LOAD', `V8 could not load the module: ${(cause as Error).message}`, { cause });
  }
  return exports;
}

function memoryOf(info: ModuleInfo, exports: WebAssembly.Exports): ArrayBuffer {
  if (info.memoryName === null) return new ArrayBuffer(0);
  return (exports[info.memoryName] as WebAssembly.Memory).buffer;
}

/** Zeros to compare memory with; shared, so that a thousand instances don't push each other's out of the cache. */
let zeros: Buffer = Buffer.alloc(65_536);

function createCore(info: ModuleInfo, options: LoadOptions): Core {
  let exports = instantiate(info, options);
  let memory = memoryOf(info, exports);
  const { memoryBytes, deadlineMs, fuel } = options.limits;
  const beyond = Buffer.from(memory, Math.min(memoryBytes, memory.byteLength));
  if (zeros.length < beyond.length) zeros = Buffer.alloc(beyond.length);
  const fuelGlobal = info.hasFuel ? (exports.fuel as WebAssembly.Global) : null;

  return {
    get memory() {
      return memory;
    },
    call(name, _target, args) {
      const run = exports[name] as Callable;
      let result: Value | undefined;
      try {
        if (fuelGlobal !== null) fuelGlobal.value = fuel;
        result = deadlineMs === Number.POSITIVE_INFINITY ? run(...args) : runGuarded(() => run(...args), deadlineMs);
      } catch (error) {
        throw trapOf(error);
      }
      if (beyond.compare(zeros, 0, beyond.length) !== 0)
        throw new Trap('memory', `the module wrote beyond its ${memoryBytes} bytes`);
      return result;
    },
    global: (name) => (exports[name] as WebAssembly.Global).value as Value,
    close() {
      exports = {};
      memory = new ArrayBuffer(0);
    },
  };
}

export const v8Engine: Engine = {
  name: 'v8',
  load(options) {
    const info = inspect(options);
    return createInstance(info, options, createCore(info, options));
  },
};
