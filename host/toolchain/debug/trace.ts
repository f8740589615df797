/** From offsets in a module to functions and lines of sources. */
import { type MarkedPlace, sourceLines } from '../../base/index.ts';
import { type Mapping, mappingAt, readSource } from '../assembly/index.ts';
import { type DebugInfo, mappingsOf, sha256 } from './debug-info.ts';

/** A function that a trap ended. */
export interface TracedFrame {
  function: string;
  /** Null if the instruction was made of no source. */
  file: string | null;
  line: number | null;
  column: number | null;
}

export interface Trace {
  /**
   * The innermost function of the user; the innermost one if there is none. If code of the library was put into that
   * function, the line is the last one of the user before it.
   */
  place: TracedFrame;
  /** Its index in `stack`. */
  at: number;
  /** From the function that trapped to the one that the host called, as far as it is known. */
  stack: TracedFrame[];
  /** The lines around the place; empty where the source is missing or has changed. */
  source: MarkedPlace['source'];
}

/** Null without offsets. `baseDir`: the folder that names of sources are relative to. */
export function trace(info: DebugInfo, offsets: readonly number[], baseDir: string): Trace | null {
  const mappings = mappingsOf(info);
  const stack = offsets.map((offset) => frameAt(info, mappings, offset));
  if (stack.length === 0) return null;
  for (const [at, frame] of stack.entries()) {
    const place = isOwn(info, frame.file) ? frame : ownBefore(info, mappings, offsets[at]!, frame);
    if (place !== null) return { place, at, stack, source: linesOf(info, place, baseDir) };
  }
  return { place: stack[0]!, at: 0, stack, source: linesOf(info, stack[0]!, baseDir) };
}

/** Whether a file, or the file of a function by its full name, is the user's. */
function isOwn({ library }: DebugInfo, name: string | null): boolean {
  if (name === null || name.startsWith('~') || /(^|\/)generated\//.test(name)) return false;
  return !name.startsWith(`${library}/`) || name.startsWith(`${library}/apps/`);
}

/** Code of the library that was put into a function of the user: the line of the user's before it. */
function ownBefore(
  info: DebugInfo,
  mappings: readonly Mapping[],
  offset: number,
  frame: TracedFrame,
): TracedFrame | null {
  const [start = 0, name = null] = info.functions.findLast(([start]) => start <= offset) ?? [];
  if (!isOwn(info, name)) return null;
  const before = mappings.findLast(
    (one) => one.offset >= start && one.offset <= offset && isOwn(info, info.sources[one.source]![0]),
  );
  if (before === undefined) return null;
  return { ...frame, file: info.sources[before.source]![0], line: before.line, column: before.column };
}

function frameAt({ functions, sources }: DebugInfo, mappings: readonly Mapping[], offset: number): TracedFrame {
  const index = functions.findLastIndex(([start]) => start <= offset);
  const [start = 0, name = `offset 0x${offset.toString(16)}`] = functions[index] ?? [];
  const end = functions[index + 1]?.[0] ?? Number.POSITIVE_INFINITY;
  const found = mappingAt(mappings, offset);
  // Before the first line of a function: it ended where it began.
  const inside = found !== null && found.offset >= start ? found : mappings.find(({ offset }) => offset >= start);
  if (inside === undefined || inside.offset >= end)
    return { function: shortName(name), file: null, line: null, column: null };
  const { source, line, column } = inside;
  return { function: shortName(name), file: sources[source]![0], line, column };
}

/** `assembly/apps/press/app/step` is `step`; `~start and init` is what `init` became. */
function shortName(name: string): string {
  return name === '~start and init' ? 'init' : name.slice(name.lastIndexOf('/') + 1);
}

function linesOf({ sources }: DebugInfo, { file, line }: TracedFrame, baseDir: string): MarkedPlace['source'] {
  if (file === null || line === null) return [];
  const digest = sources.find(([name]) => name === file)?.[1];
  const text = readSource(baseDir, file);
  return text === null || sha256(text) !== digest ? [] : sourceLines(text, line);
}
