/** Source maps of WebAssembly modules: version 3 with one line, whose columns are offsets in the module. */
import { isObject } from '../../base/index.ts';

/** What an instruction at `offset` was made of. Line and column count from 1. */
export interface Mapping {
  offset: number;
  source: number;
  line: number;
  column: number;
}

export interface SourceMap {
  sources: string[];
  /** By ascending offset. */
  mappings: Mapping[];
}

const DIGITS = new Map([...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].map((c, i) => [c, i]));
const LIMIT = 2 ** 31;

/** The numbers of a segment (base 64 VLQ), or null. */
function numbers(segment: string): number[] | null {
  const found: number[] = [];
  let value = 0;
  let scale = 1;
  for (const character of segment) {
    const digit = DIGITS.get(character);
    if (digit === undefined || scale > 2 ** 30) return null;
    value += (digit & 31) * scale;
    scale *= 32;
    if (digit >= 32) continue;
    found.push(value % 2 === 1 ? -((value - 1) / 2) : value / 2);
    value = 0;
    scale = 1;
  }
  return scale === 1 ? found : null;
}

/** Parses a map, which may come from anywhere. Null for anything else, and for a map whose offsets don't ascend. */
export function parseSourceMap(value: unknown): SourceMap | null {
  if (!isObject(value) || !Array.isArray(value.sources) || typeof value.mappings !== 'string') return null;
  const sources: unknown[] = value.sources;
  if (!sources.every((source) => typeof source === 'string')) return null;
  const mappings: Mapping[] = [];
  let [offset, source, line, column] = [0, 0, 0, 0];
  for (const segment of value.mappings === '' ? [] : value.mappings.split(',')) {
    const [a, b, c, d] = numbers(segment) ?? [];
    if (a === undefined || a < 0) return null;
    offset += a;
    // A segment of one number: what follows was made of no source.
    if (b === undefined) continue;
    if (c === undefined || d === undefined) return null;
    source += b;
    line += c;
    column += d;
    if (![offset, line, column].every((n) => n >= 0 && n < LIMIT) || sources[source] === undefined) return null;
    mappings.push({ offset, source, line: line + 1, column: column + 1 });
  }
  return { sources, mappings };
}

/** The last mapping at or before an offset. */
export function mappingAt(mappings: readonly Mapping[], offset: number): Mapping | null {
  let [low, high] = [0, mappings.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (mappings[middle]!.offset <= offset) low = middle + 1;
    else high = middle;
  }
  return mappings[low - 1] ?? null;
}
