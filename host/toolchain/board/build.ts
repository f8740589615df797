/**
 * Builds a board's firmware with the system's compiler. An object is compiled again only when one of its inputs has changed: the compiler,
 * its flags, the source or a header. The compiler lists the headers in a file beside the object.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, extname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { buildFolder, MoteError, packagePath, packageVersion, thirdPartyIncludes, withLock } from '../../base/index.ts';
import type { Board } from './board-json.ts';
import { componentLibraries, componentSources, sourcesIn } from './components.ts';
import { readElf } from './elf.ts';
import { toBinary } from './segments.ts';
import { findTool, libraryFlags } from './toolchain.ts';

const run = promisify(execFile);

/** An image of these C files and components, with all components below them. Its file has its name. */
export interface CustomImage {
  name: string;
  sources: string[];
  components: readonly string[];
}

export interface BuildOptions {
  /** The agent, the model runner of boards/images/model, or another. */
  image: 'agent' | 'model' | CustomImage;
  /** Use AddressSanitizer and UndefinedBehaviorSanitizer; only for a process. */
  sanitize?: boolean;
  /** Total RAM, instead of the board's. */
  ramBytes?: number;
  defines?: Readonly<Record<string, string | number>>;
  /** Receives how many of the files are compiled, those that had not changed included. */
  onProgress?(done: number, files: number): void;
}

export interface BuiltImage {
  elf: string;
  /** The bytes of the flash from the firmware's origin on; null for a process. */
  bin: string | null;
  /** The linker's map of every section and its object. */
  map: string;
  /** Number of files that had to be compiled. */
  compiled: number;
}

const WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wconversion'];

/** Options by file; the first match counts. Every other file is optimized for size. */
const FILE_FLAGS: readonly (readonly [RegExp, readonly string[]])[] = [
  // wasm3 reads its stack slots as several types, its integers wrap, and each operation ends in a tail call (host/device/engine/wasm3/build.ts).
  [
    /runtime\/interpreter\.c$/,
    ['-std=gnu11', '-Os', '-w', '-fno-strict-aliasing', '-fwrapv', '-fno-stack-protector', '-fno-math-errno'],
  ],
  [/bare\/string\.c$/, ['-std=c11', '-Os', '-fno-builtin', '-fno-tree-loop-distribute-patterns', ...WARNINGS]],
  // The loops in which models spend their time. The code around them is nearly as fast when optimized for size (bench/kernels.mjs).
  [/kernels\/(depthwise\w*|dot|pool|real_fft|requantize|scale|window)\.c$/, ['-std=c11', '-O2', ...WARNINGS]],
  [/\.S$/, []],
  [/\.c$/, ['-std=c11', '-Os', ...WARNINGS]],
];

/** Builds everything that is out of date. Throws `BOARD_TOOL`, `BOARD_BUILD`, `BOARD_OPTION`, or what fetching sources throws. */
export async function buildImage(board: Board, options: BuildOptions): Promise<BuiltImage> {
  const { image, sanitize = false, ramBytes } = options;
  if (sanitize && board.memory !== null)
    throw new MoteError('BOARD_OPTION', `${board.name} can't run sanitizers; use the board linux.`);
  if (ramBytes !== undefined && (board.memory === null || ramBytes > board.memory.ram.bytes))
    throw new MoteError('BOARD_OPTION', `${board.name} has no ${ramBytes} bytes of RAM.`);
  const name = typeof image === 'string' ? image : image.name;
  const folder = join(await buildFolder(), 'boards', `${basename(board.name)}${variant(options)}`);
  await mkdir(folder, { recursive: true });
  return withLock(join(folder, `${name}.lock`), () => build(board, options, name, folder));
}

/** Suffix of the folder: images that differ in more than their sources don't share one. */
function variant({ sanitize, ramBytes, defines }: BuildOptions): string {
  const what = JSON.stringify([sanitize ?? false, ramBytes, defines]);
  if (what === JSON.stringify([false, undefined, undefined])) return '';
  return `-${createHash('sha256').update(what).digest('hex').slice(0, 8)}`;
}

async function build(board: Board, options: BuildOptions, name: string, folder: string): Promise<BuiltImage> {
  const { command, version } = await findTool(board.cpu.toolchain);
  const library = await libraryFlags(board.cpu.toolchain);
  const { image } = options;
  // The board's own code uses the components of `platform`.
  const components = ['platform', ...(typeof image === 'string' ? [`images/${image}`] : image.components)];
  const headers = (await Promise.all(componentLibraries(components).map(thirdPartyIncludes))).flat();
  const sources = sourcesOf(board, image, components);
  const common = [...compileFlags(board, options, headers), ...library];
  const objects = sources.map((source) => join(folder, 'objects', name, objectName(source)));
  const hashes = new Map<string, string>();
  const hashOf = (path: string) => {
    const known = hashes.get(path) ?? createHash('sha256').update(readFileSync(path)).digest('hex');
    hashes.set(path, known);
    return known;
  };
  let done = 0;
  let compiled = 0;
  await inParallel(sources, async (source, i) => {
    const flags = [...common, ...FILE_FLAGS.find(([pattern]) => pattern.test(source))![1]];
    if (await compile({ command, version, source, object: objects[i]!, flags, hashOf })) compiled++;
    options.onProgress?.(++done, sources.length);
  });
  return { ...(await link(board, options, { command, version, objects, library, name, folder, hashOf })), compiled };
}

function sourcesOf(board: Board, image: BuildOptions['image'], components: readonly string[]): string[] {
  const own = typeof image === 'string' ? [] : image.sources;
  const platform = [...board.sources, targetFolder(board)].map((path) => packagePath('boards', path));
  return [...componentSources(components), ...platform.flatMap(filesOf), ...own];
}

const targetFolder = ({ name }: Board) => `targets/${name}`;

function filesOf(path: string): string[] {
  if (!existsSync(path)) throw new MoteError('BOARD_BUILD', `${path} doesn't exist.`);
  return statSync(path).isDirectory() ? sourcesIn(path) : [path];
}

function objectName(source: string): string {
  return `${relative(packagePath(), source).replaceAll('..', '_')}.o`;
}

/** The compiler's flags, with the board's constants as macros. */
function compileFlags(board: Board, options: BuildOptions, headers: readonly string[]): string[] {
  const { cpu, flash, memory, name } = board;
  // "board.h" and "irq.h" are this board's. Every other header is included by its path below boards.
  const variable = board.sources.filter((source) => /^(arch|targets)\//.test(source)).map(folderOf);
  const includes = ['', targetFolder(board), ...new Set(variable)].map((folder) => packagePath('boards', folder));
  const defines: Record<string, string | number> = {
    BOARD_NAME: `"${name}"`,
    BOARD_VERSION: `"${packageVersion()}"`,
    BOARD_FLASH_BYTES: flash.bytes,
    BOARD_FLASH_PAGE: flash.page,
    BOARD_FLASH_WRITE: flash.write,
    ...(flash.origin === null ? {} : { BOARD_FLASH_ORIGIN: flash.origin }),
    ...options.defines,
  };
  return [
    ...cpu.flags,
    ...['-g', '-ffunction-sections', '-fdata-sections', '-fno-common', '-MD'],
    ...(memory === null ? ['-D_GNU_SOURCE'] : []),
    ...(options.sanitize ? SANITIZE : []),
    ...includes.map((folder) => `-I${folder}`),
    ...headers.flatMap((folder) => ['-isystem', folder]),
    ...Object.entries(defines).map(([key, value]) => `-D${key}=${value}`),
  ];
}

const folderOf = (source: string) => (extname(source) === '' ? source : dirname(source));

const SANITIZE = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];

interface Compile {
  command: string;
  version: string;
  source: string;
  object: string;
  flags: string[];
  hashOf: (path: string) => string;
}

/** Returns false if the object is there already. */
async function compile({ command, version, source, object, flags, hashOf }: Compile): Promise<boolean> {
  const stamp = `${object}.stamp`;
  const digest = (inputs: string[]) =>
    digestOf([command, version, ...flags, ...inputs.flatMap((path) => [path, hashOf(path)])]);
  if (existsSync(object) && (await readFile(stamp, 'utf8').catch(() => '')) === digestIfThere(`${object}.d`, digest))
    return false;
  await mkdir(dirname(object), { recursive: true });
  await rm(stamp, { force: true });
  await cc(command, [...flags, '-MF', `${object}.d`, '-c', source, '-o', object], source);
  await writeFile(stamp, digest(inputsOf(`${object}.d`)));
  return true;
}

const digestOf = (parts: readonly string[]) => createHash('sha256').update(parts.join('\0')).digest('hex');

/** Null if an input or the list of inputs is missing. */
function digestIfThere(list: string, digest: (inputs: string[]) => string): string | null {
  try {
    return digest(inputsOf(list));
  } catch {
    return null;
  }
}

/** The files of a compiler's dependency list, which is a make rule. */
function inputsOf(list: string): string[] {
  const rule = readFileSync(list, 'utf8').replaceAll('\\\n', ' ');
  const names = rule.slice(rule.indexOf(': ') + 2).match(/(?:\\.|\S)+/g) ?? [];
  return names.map((name) => name.replaceAll(/\\(.)/g, '$1'));
}

interface Link {
  command: string;
  version: string;
  objects: string[];
  library: string[];
  name: string;
  folder: string;
  hashOf: (path: string) => string;
}

async function link(board: Board, options: BuildOptions, parts: Link): Promise<Omit<BuiltImage, 'compiled'>> {
  const { command, version, objects, library, name, folder, hashOf } = parts;
  const elf = join(folder, `${name}.elf`);
  const map = join(folder, `${name}.map`);
  const bin = board.memory === null ? null : join(folder, `${name}.bin`);
  const flags = [...board.cpu.flags, ...library, ...(options.sanitize ? SANITIZE : []), ...linkFlags(board, options)];
  const script = board.linkerScript === null ? [] : [packagePath('boards', board.linkerScript)];
  const digest = digestOf([command, version, ...flags, ...objects, ...[...objects, ...script].map(hashOf)]);
  const stamp = join(folder, `${name}.stamp`);
  if (existsSync(elf) && (await readFile(stamp, 'utf8').catch(() => '')) === digest) return { elf, bin, map };
  await rm(stamp, { force: true });
  // Write a new file beside the old one first, because another process may be running the old one.
  const fresh = `${elf}.new`;
  await cc(command, [...flags, `-Wl,-Map,${map}`, ...objects, '-lm', '-o', fresh], `${name} for ${board.name}`);
  if (bin !== null) await writeFile(bin, toBinary(readElf(await readFile(fresh))).bytes);
  await rename(fresh, elf);
  await writeFile(stamp, digest);
  return { elf, bin, map };
}

function linkFlags(board: Board, { ramBytes }: BuildOptions): string[] {
  const { memory, flash } = board;
  if (memory === null || board.linkerScript === null) return ['-Wl,--gc-sections'];
  const flashEnd = flash.origin === null ? memory.firmware.origin + memory.firmware.bytes : flash.origin + flash.bytes;
  const symbols = {
    FIRMWARE_ORIGIN: memory.firmware.origin,
    FIRMWARE_BYTES: memory.firmware.bytes,
    FLASH_END: flashEnd,
    RAM_ORIGIN: memory.ram.origin,
    RAM_BYTES: ramBytes ?? memory.ram.bytes,
    STACK_BYTES: memory.stackBytes,
    IRQ_STACK_BYTES: memory.irqStackBytes,
  };
  const defined = Object.entries(symbols).map(([key, value]) => `-Wl,--defsym=${key}=${value}`);
  return ['-nostartfiles', '-Wl,--gc-sections', ...defined, '-T', packagePath('boards', board.linkerScript)];
}

async function cc(command: string, args: string[], what: string): Promise<void> {
  try {
    await run(command, args, { maxBuffer: 1 << 24 });
  } catch (cause) {
    const { stderr, message } = cause as Error & { stderr?: string };
    throw new MoteError('BOARD_BUILD', `${command} could not build ${what}:\n${stderr || message}`, { cause });
  }
}

/** Runs as many tasks at once as the machine has processors. The first failure ends it. */
async function inParallel<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const queue = items.entries();
  const worker = async () => {
    for (const [i, item] of queue) await work(item, i);
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
}
