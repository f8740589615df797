/**
 * The guarded build: before a module writes to memory, it checks that the write touches no red zone, and that it isn't
 * at the addresses below the first block, as through null. Otherwise it calls the import `mote.guard(block, address,
 * bytes)`, which must trap; `block` is -1 below the first block. Writes of the host through `sensor_read` and its like
 * are checked when the import returns. The pass runs after the fuel pass, so a call takes the same fuel.
 */
import binaryen from 'binaryen';
import { MoteError } from '../../base/index.ts';
import { type Block, RED_ZONE } from './blocks.ts';
import { FEATURES } from './features.ts';
import { visit } from './visit.ts';

type Module = InstanceType<typeof binaryen.Module>;
type Expression = number;

/** In Binaryen, but not in its types. */
const { Store, MemoryFill, MemoryCopy, Call } = binaryen as unknown as {
  Store: { setPtr(store: Expression, to: Expression): void };
  MemoryFill: Range;
  MemoryCopy: Range;
  Call: { setTarget(call: Expression, name: string): void };
};
interface Range {
  setDest(expression: Expression, to: Expression): void;
  setSize(expression: Expression, to: Expression): void;
}

const GUARD = '~guard';
const RANGE = '~guard range';
const POINTER = '~guard pointer';

/** Imports that write to memory: the argument with the address, and the bytes by what the import returns. */
const WRITERS: Readonly<Record<string, { dst: number; written: 'result' | 'samples' | 'length' }>> = {
  sensor_read: { dst: 1, written: 'samples' },
  message_read: { dst: 0, written: 'result' },
  kv_get: { dst: 2, written: 'result' },
  rom_read: { dst: 1, written: 'length' },
};

/** An address range that nothing may write. */
interface Zone {
  from: number;
  to: number;
  block: number;
}

/** Returns the module with a check before each write. `blocks` are those of `readBlocks`, by address. */
export function addGuard(wasm: Uint8Array, blocks: readonly Block[]): Uint8Array {
  const module = binaryen.readBinary(wasm);
  try {
    module.setFeatures(FEATURES);
    const first = Math.min(...blocks.map(({ address }) => address), 16);
    const zones: Zone[] = [{ from: 0, to: first, block: -1 }];
    for (const [block, { address, bytes }] of blocks.entries()) {
      zones.push({ from: address + bytes, to: address + bytes + RED_ZONE, block });
    }
    zones.sort((a, b) => a.from - b.from);
    const functions = Array.from({ length: module.getNumFunctions() }, (_, i) => module.getFunctionByIndex(i));
    const wrapped = new Map<string, string>();
    for (const one of functions) {
      const { name, module: from, base, params, results } = binaryen.getFunctionInfo(one);
      if (from === 'mote' && base && base in WRITERS) wrapped.set(name, wrapper(module, name, base, params, results));
    }
    for (const one of functions) {
      const { base, body } = binaryen.getFunctionInfo(one);
      if (!base) guardBody(module, body, wrapped);
    }
    addChecks(module, zones);
    if (!module.validate()) throw new MoteError('FUEL_OUTPUT', 'the guarded module is invalid: please report it');
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

function guardBody(module: Module, body: Expression, wrapped: ReadonlyMap<string, string>): void {
  visit(body, (expression, id) => {
    // Binaryen has no information about them.
    if (id === binaryen.NopId || id === binaryen.UnreachableId) return;
    const info = binaryen.getExpressionInfo(expression) as unknown as Record<string, number>;
    if (id === binaryen.StoreId) {
      const { ptr, offset, bytes } = info as { ptr: number; offset: number; bytes: number };
      const checked = [ptr, module.i32.const(offset), module.i32.const(bytes)];
      Store.setPtr(expression, module.call(POINTER, checked, binaryen.i32));
    } else if (id === binaryen.MemoryFillId) guardRange(module, expression, info, MemoryFill);
    else if (id === binaryen.MemoryCopyId) guardRange(module, expression, info, MemoryCopy);
    else if (id === binaryen.CallId) {
      const { target } = info as unknown as { target: string };
      const to = wrapped.get(target);
      if (to !== undefined) Call.setTarget(expression, to);
    }
  });
}

/** Keeps the address in a global of its own until the size is known: both are calculated once, in their order. */
function guardRange(module: Module, expression: Expression, info: Record<string, number>, kind: Range): void {
  const { dest, size } = info as { dest: number; size: number };
  const kept = `${RANGE} ${module.getNumGlobals()}`;
  module.addGlobal(kept, binaryen.i32, true, module.i32.const(0));
  const set = module.global.set(kept, dest);
  const get = () => module.global.get(kept, binaryen.i32);
  kind.setDest(expression, module.block(null, [set, get()], binaryen.i32));
  kind.setSize(expression, module.call(RANGE, [get(), size], binaryen.i32));
}

/** A function that calls the import and then checks what the host has written. Returns its name. */
function wrapper(module: Module, name: string, base: string, params: binaryen.Type, results: binaryen.Type): string {
  const { dst, written } = WRITERS[base]!;
  const types = binaryen.expandType(params);
  const wrapper = `${GUARD} ${base}`;
  const result = types.length;
  const get = (index: number) => module.local.get(index, binaryen.i32);
  let bytes = get(result);
  if (written === 'length') bytes = get(types.length - 1);
  if (written === 'samples') {
    const frame = 'mote~sensor_frame_bytes';
    module.addFunctionImport(frame, 'mote', 'sensor_frame_bytes', binaryen.i32, binaryen.i32);
    bytes = module.i32.mul(get(result), module.call(frame, [get(0)], binaryen.i32));
  }
  const done = written === 'length' ? module.i32.eqz(get(result)) : module.i32.gt_s(get(result), module.i32.const(0));
  const call = module.call(
    name,
    types.map((type, i) => module.local.get(i, type)),
    results,
  );
  const body = [
    module.local.set(result, call),
    module.if(done, module.drop(module.call(RANGE, [get(dst), bytes], binaryen.i32))),
    get(result),
  ];
  module.addFunction(wrapper, params, results, [binaryen.i32], module.block(null, body, results));
  return wrapper;
}

/** `POINTER(ptr, offset, bytes)` and `RANGE(from, bytes)` return their first and second argument, or trap. */
function addChecks(module: Module, zones: readonly Zone[]): void {
  const { i32 } = module;
  const type = binaryen.i32;
  const get = (index: number) => module.local.get(index, type);
  module.addFunctionImport(GUARD, 'mote', 'guard', binaryen.createType([type, type, type]), binaryen.none);
  // The first zone that ends behind the address is the only one that can be touched first.
  const search = (low: number, high: number): Expression => {
    if (low === high) {
      const { from, block } = zones[low]!;
      const touched = i32.and(i32.gt_u(i32.add(get(0), get(1)), i32.const(from)), i32.ne(get(1), i32.const(0)));
      const report = module.call(GUARD, [i32.const(block), get(0), get(1)], binaryen.none);
      return module.if(touched, module.block(null, [report, module.unreachable()]));
    }
    const middle = (low + high) >> 1;
    return module.if(i32.lt_u(get(0), i32.const(zones[middle]!.to)), search(low, middle), search(middle + 1, high));
  };
  const last = zones.at(-1)!;
  const inside = module.if(i32.lt_u(get(0), i32.const(last.to)), search(0, zones.length - 1));
  module.addFunction(RANGE, binaryen.createType([type, type]), type, [], module.block(null, [inside, get(1)], type));
  const check = module.drop(module.call(RANGE, [i32.add(get(0), get(1)), get(2)], type));
  const three = binaryen.createType([type, type, type]);
  module.addFunction(POINTER, three, type, [], module.block(null, [check, get(0)], type));
}
