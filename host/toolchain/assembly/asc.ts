/**
 * Runs the AssemblyScript compiler in this process, with the flags of moteware's asconfig.json and with files from
 * anywhere.
 */
import { readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { MoteError, packagePath } from '../../base/index.ts';
import { redZones } from './blocks.ts';
import { reserveBuffers } from './buffers.ts';

export interface AscOptions {
  /** A target of asconfig.json; CONTRIBUTING.md describes each. */
  target: 'release' | 'model' | 'test';
  /** Name of the entry file, as `readFile` knows it. */
  entry: string;
  /** Text of a source file by its name relative to the base folder (with `/`), or null. */
  readFile(name: string): string | null;
  /** Puts red zones behind the blocks of memory. */
  guard?: boolean;
  /** Further compiler arguments. */
  args?: readonly string[];
}

export interface AscResult {
  wasm: Uint8Array;
  /** Compiler warnings as `file:line:column: text`. */
  warnings: string[];
}

const CONFIG = 'asconfig.json';
const OUTPUT = 'module.wasm';

/** The part of asc's diagnostic with the number of pages that static data needs. */
const MORE_PAGES = /at least '(\d+)' pages/;

interface Diagnostic {
  category: number;
  text: string;
  message: string;
}

/**
 * Compiles. The memory has exactly the pages that static data needs and can't grow, except with target `test`.
 * Throws `MoteError('BUILD_COMPILE')` with every error as `file:line:column: text`.
 */
export async function compileAssembly(options: AscOptions): Promise<AscResult> {
  let pages = 1;
  for (;;) {
    const { wasm, diagnostics } = await runAsc(options, pages);
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
      const text = errors.map((d) => d.text).join('\n') || 'the AssemblyScript compiler made no module';
      throw new MoteError('BUILD_COMPILE', text);
    }
    return { wasm, warnings: diagnostics.filter((d) => d.category === WARNING).map((d) => d.text) };
  }
}

/** asc's DiagnosticCategory. */
const WARNING = 2;
const ERROR = 3;

async function runAsc(options: AscOptions, pages: number) {
  let wasm: Uint8Array | null = null;
  const diagnostics: Diagnostic[] = [];
  const sink = { write: () => {} };
  const memory = ['--initialMemory', String(pages), '--maximumMemory', String(pages)];
  const args = [
    ...[options.entry, '--config', CONFIG, '--target', options.target, '--outFile', OUTPUT, '--noColors'],
    ...(options.target === 'test' ? [] : memory),
    ...(options.args ?? []),
  ];
  const { error } = await asc.main(args, {
    stdout: sink,
    stderr: sink,
    // Always moteware's own: an asconfig.json in the folder of an app must not change the module.
    readFile: (name) =>
      name === CONFIG ? readFileSync(packagePath(CONFIG), 'utf8') : options.readFile(name.replaceAll('\\', '/')),
    writeFile: (name, contents) => {
      if (name === OUTPUT && contents instanceof Uint8Array) wasm = contents;
    },
    listFiles: () => [],
    transforms: options.guard === true ? [reserveBuffers, redZones] : [reserveBuffers],
    reportDiagnostic: (d) => {
      const where = d.range ? position(options, d.range.source.normalizedPath, d.range.start) : '';
      diagnostics.push({ category: d.category, message: d.message, text: `${where}${d.message}` });
    },
  });
  if (error && diagnostics.every((d) => d.category !== ERROR)) {
    throw new MoteError('BUILD_COMPILE', `the AssemblyScript compiler failed: ${error.message}`, { cause: error });
  }
  return { wasm, diagnostics };
}

/** `file:line:column: ` of an offset; only the file when it can't be read any more. */
function position(options: AscOptions, file: string, offset: number): string {
  const before = options.readFile(file)?.slice(0, offset);
  if (before === undefined) return `${file}: `;
  const lines = before.split('\n');
  return `${file}:${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}: `;
}
