/**
 * The blocks of a module's memory in a guarded build: a transform of asc puts a red zone behind each block of
 * `memory.data(bytes)`, and the module before optimization has the blocks with the names of their constants.
 */
import binaryen from 'binaryen';
import { binary, callTransform } from './syntax.ts';
import { visit } from './visit.ts';

/** Bytes behind a block that nothing may write. */
export const RED_ZONE = 32;

export interface Block {
  /** Name and file of the constant that holds the block, or null for one without a constant. */
  name: string | null;
  address: number;
  bytes: number;
}

/** Makes `memory.data(bytes)` and `memory.data(bytes, align)` larger; tables with values stay as they are. */
export const redZones: ReturnType<typeof callTransform> = callTransform(
  /\bmemory\s*\.\s*data\b|\b(samples16|values32|values8)\b/,
  (call) => {
    const { expression, typeArguments, args } = call;
    if (expression.expression?.text !== 'memory' || expression.property?.text !== 'data') return;
    if (typeArguments === null && args.length > 0) args[0] = binary('+', args[0]!, RED_ZONE);
  },
);

/** Reads the blocks with a red zone from a module that was compiled with `redZones` and without optimization. */
export function readBlocks(wasm: Uint8Array): Block[] {
  const module = binaryen.readBinary(wasm);
  try {
    const segments = segmentsOf(module);
    const names = constantsOf(module, new Set(segments.map(({ offset }) => offset)));
    for (const { offset, data } of segments) {
      // What a sized buffer's constant holds: the address of the block, and the length.
      const name = names.get(offset);
      if (data.byteLength === 8 && name !== undefined) names.set(new DataView(data).getUint32(0, true), name);
    }
    return segments
      .filter(({ data }) => data.byteLength > RED_ZONE && new Uint8Array(data).every((byte) => byte === 0))
      .map(({ offset, data }) => ({
        name: names.get(offset) ?? null,
        address: offset,
        bytes: data.byteLength - RED_ZONE,
      }));
  } finally {
    module.dispose();
  }
}

type Module = InstanceType<typeof binaryen.Module>;

interface Segment {
  offset: number;
  data: ArrayBuffer;
}

function segmentsOf(module: Module): Segment[] {
  // In Binaryen, but not in its types.
  const more = module as unknown as { getNumDataSegments(): number; getDataSegmentInfo(segment: number): Segment };
  return Array.from({ length: more.getNumDataSegments() }, (_, i) =>
    more.getDataSegmentInfo(module.getDataSegmentByIndex(i)),
  );
}

/** Names of the globals that are an address, or are set to one by top-level code. */
function constantsOf(module: Module, addresses: ReadonlySet<number>): Map<number, string> {
  const found = new Map<number, string>();
  const note = (name: string, expression: number) => {
    if (expression === 0 || binaryen.getExpressionId(expression) !== binaryen.ConstId) return;
    const { value } = binaryen.getExpressionInfo(expression) as { value?: unknown };
    if (typeof value === 'number' && addresses.has(value)) found.set(value, readable(name));
  };
  for (let i = 0; i < module.getNumGlobals(); i++) {
    const { name, type, init } = binaryen.getGlobalInfo(module.getGlobalByIndex(i));
    if (type === binaryen.i32) note(name, init);
  }
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const { base, body } = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    if (base) continue;
    visit(body, (set, id) => {
      if (id !== binaryen.GlobalSetId) return;
      const { name, value } = binaryen.getExpressionInfo(set) as unknown as { name: string; value: number };
      visit(value, (inner) => note(name, inner));
    });
  }
  return found;
}

/** `samples (app.ts)` of `app/samples`. */
function readable(global: string): string {
  const slash = global.lastIndexOf('/');
  const file = global.slice(0, slash).replace(/^~lib\//, '');
  return `${global.slice(slash + 1)} (${file}.ts)`;
}
