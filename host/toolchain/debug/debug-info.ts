/**
 * What is known of a module and isn't in it: names of functions, and the line of a source for each instruction. It is
 * kept by the digest of the module. A file of it may come from anywhere, so it is parsed like one from outside.
 */
import { createHash } from 'node:crypto';
import { isObject } from '../../base/index.ts';
import type { Mapping } from '../assembly/index.ts';

export interface DebugInfo {
  format: 1;
  /** SHA-256 of the module, in hexadecimal. */
  module: string;
  /** Where the library lies among the names of sources. */
  library: string;
  /** Offset of each function's body in the module, ascending, and the compiler's name of it. */
  functions: [offset: number, name: string][];
  /** Names as the compiler has them, and the SHA-256 of each text. */
  sources: [name: string, sha256: string | null][];
  /** Four numbers each: offset in the module, index of the source, line and column from 1; offsets ascend. */
  mappings: number[];
}

/** A function or source that has more than this isn't ours. */
const MAX_ITEMS = 1_000_000;
const HEX = /^[0-9a-f]{64}$/;
const MAX_OFFSET = 2 ** 31;

export const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

function isFunction(value: unknown): value is [number, string] {
  return Array.isArray(value) && value.length === 2 && isCount(value[0]) && typeof value[1] === 'string';
}

function isSource(value: unknown): value is [string, string | null] {
  if (!Array.isArray(value) || value.length !== 2 || typeof value[0] !== 'string') return false;
  return value[1] === null || (typeof value[1] === 'string' && HEX.test(value[1]));
}

function areMappings(values: unknown[], sources: number): values is number[] {
  if (values.length % 4 !== 0) return false;
  for (let i = 0, last = 0; i < values.length; i += 4) {
    const [offset, source, line, column] = values.slice(i, i + 4);
    if (!isCount(offset) || !isCount(source) || !isCount(line) || !isCount(column)) return false;
    if (offset < last || offset >= MAX_OFFSET || source >= sources || line < 1 || column < 1) return false;
    last = offset;
  }
  return true;
}

/** Null unless `text` is debug information of the module with this digest. */
export function parseDebugInfo(text: string, module: string): DebugInfo | null {
  const value = parsed(text);
  if (!isObject(value) || value.format !== 1 || value.module !== module || typeof value.library !== 'string')
    return null;
  const { functions, sources, mappings, library } = value;
  for (const list of [functions, sources, mappings]) if (!Array.isArray(list) || list.length > MAX_ITEMS) return null;
  const [some, files, places] = [functions, sources, mappings] as [unknown[], unknown[], unknown[]];
  if (!some.every(isFunction) || !files.every(isSource) || !areMappings(places, files.length)) return null;
  if (some.some(([offset], i) => i > 0 && offset < some[i - 1]![0])) return null;
  return { format: 1, module, library, functions: some, sources: files, mappings: places };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The mappings as `mappingAt` takes them. */
export function mappingsOf({ mappings }: DebugInfo): Mapping[] {
  return Array.from({ length: mappings.length / 4 }, (_, i) => ({
    offset: mappings[i * 4]!,
    source: mappings[i * 4 + 1]!,
    line: mappings[i * 4 + 2]!,
    column: mappings[i * 4 + 3]!,
  }));
}
