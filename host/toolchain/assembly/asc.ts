/**
 * Runs the AssemblyScript compiler in this process, with the flags of moteware's asconfig.json and with files from
 * anywhere.
 */
import { readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { type MarkedPlace, MoteError, packagePath, sourceLines } from '../../base/index.ts';
import { redZones } from './blocks.ts';
import { reserveBuffers } from './buffers.ts';
import { compileError, placed } from './compile-error.ts';

import { withoutMapName } from './instructions.ts';
import { parseSourceMap, type SourceMap } from './source-map.ts';

export interface AscOptions {
  /** A target of asconfig.json; CONTRIBUTING.md describes each. */
  target: 'release' | 'model' | 'test';
  /** Name of the entry file, as `readFile` knows it. */
  entry: string;
  /** Text of a source file by its name relative to the base folder (with `/`), or null. */
  readFile(name: string): string | null;
  /** Puts red zones behind the blocks of memory. */
  guard?: boolean;
  /** Also makes a source map. The module is the same. */
  sourceMap?: boolean;
  /** Further compiler arguments. */
  args?: readonly string[];
}

export interface AscResult {
  wasm: Uint8Array;
  /** The source map of `wasm`; null unless it was asked for. */
  map: SourceMap | null;
  /** Compiler warnings as `file:line:column: text`. */
  warnings: string[];
}

const CONFIG = 'asconfig.json';
const OUTPUT = 'module.wasm';

/** The part of asc's diagnostic with the number of pages that static data needs. */
const MORE_PAGES = /at least '(\d+)' pages/;

interface Diagnostic {
  category: number;
  message: string;
  /** Null for a message about no place. */
  place: MarkedPlace | null;
}

/**
 * Compiles. The memory has exactly the pages that static data needs and can't grow, except with target `test`.
 * Throws `MoteError('BUILD_COMPILE')` with every error as `file:line:column: text`, and their places.
 */
export async function compileAssembly(options: AscOptions): Promise<AscResult> {
  let pages = 1;
  for (;;) {
    const { wasm, map, diagnostics } = await runAsc(options, pages);
    const errors = diagnostics.filter((d) => d.category === ERROR);
    const more = errors.map((d) => MORE_PAGES.exec(d.message)).find((match) => match !== null);
    if (more) {
      const needed = Number(more[1]);
      if (needed > pages) {
        pages = needed;
        continue;
      }
    }
    if (wasm === null || errors.length > 0) {
      const places = errors.flatMap(({ place }) => place ?? []);
      if (places.length > 0 && places.length === errors.length) throw compileError(places);
      const text = errors.map(textOf).join('\n') || 'the AssemblyScript compiler made no module';
      throw new MoteError('BUILD_COMPILE', text);
    }
    return { wasm, map, warnings: diagnostics.filter((d) => d.category === WARNING).map(textOf) };
  }
}

const textOf = ({ place, message }: Diagnostic): string => (place === null ? message : placed(place));

/** asc's DiagnosticCategory. */
const WARNING = 2;
const ERROR = 3;

async function runAsc(options: AscOptions, pages: number) {
  let wasm: Uint8Array | null = null;
  let map: SourceMap | null = null;
  const diagnostics: Diagnostic[] = [];
  const sink = { write: () => {} };
  const memory = ['--initialMemory', String(pages), '--maximumMemory', String(pages)];
  const args = [
    ...[options.entry, '--config', CONFIG, '--target', options.target, '--outFile', OUTPUT, '--noColors'],
    ...(options.target === 'test' ? [] : memory),
    ...(options.sourceMap === true ? ['--sourceMap'] : []),
    ...(options.args ?? []),
  ];
  const { error } = await asc.main(args, {
    stdout: sink,
    stderr: sink,
    // Always moteware's own: an asconfig.json in the folder of an app must not change the module.
    readFile: (name) =>
      name === CONFIG ? readFileSync(packagePath(CONFIG), 'utf8') : options.readFile(name.replaceAll('\\', '/')),
    writeFile: (name, contents) => {
      if (name === OUTPUT && contents instanceof Uint8Array) wasm = withoutMapName(contents);
      if (name === `${OUTPUT}.map` && typeof contents === 'string') map = parseSourceMap(JSON.parse(contents));
    },
    listFiles: () => [],
    transforms: options.guard === true ? [reserveBuffers, redZones] : [reserveBuffers],
    reportDiagnostic: ({ category, message, range }) => {
      diagnostics.push({ category, message, place: placeOf(options, range, message) });
    },
  });
  if (error && diagnostics.every((d) => d.category !== ERROR)) {
    throw new MoteError('BUILD_COMPILE', `the AssemblyScript compiler failed: ${error.message}`, { cause: error });
  }
  return { wasm, map: map as SourceMap | null, diagnostics };
}

/** The place of a range; null when its file can't be read any more. */
function placeOf(options: AscOptions, range: asc.DiagnosticMessage['range'], message: string): MarkedPlace | null {
  const file = range?.source.normalizedPath;
  const text = file === undefined ? null : options.readFile(file);
  if (!range || file === undefined || text === null) return null;
  const before = text.slice(0, range.start).split('\n');
  const [line, column] = [before.length, before.at(-1)!.length + 1];
  return { file, line, column, message, length: range.end - range.start, source: sourceLines(text, line) };
}
