/** Flash and RAM of an image by part, from the map that GNU ld writes (`-Map`). */
import { MoteError } from '../../base/index.ts';

export const PARTS = [
  'wasm3',
  'runtime',
  'kernels',
  'cbor',
  'link',
  'flash',
  'update',
  'crypto',
  'package',
  'agent',
  'base',
  'board',
  'emulation',
  'libc',
  'stack',
] as const;
export type Part = (typeof PARTS)[number];

export interface Bytes {
  flash: number;
  ram: number;
}

export type Footprint = Record<Part, Bytes>;

/** The sum of all parts. */
export function totalOf(footprint: Footprint): Bytes {
  const parts = Object.values(footprint);
  return { flash: sum(parts.map(({ flash }) => flash)), ram: sum(parts.map(({ ram }) => ram)) };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Sections in flash, and sections in RAM at run time; data is in both. */
const IN_FLASH = ['.text', '.rodata', '.exidx', '.data'];
const IN_RAM = ['.stack', '.noinit', '.data', '.bss'];

/** The first pattern that matches an object's path counts. */
const PART_OF: readonly (readonly [RegExp, Part])[] = [
  // Calls between RAM and flash that the linker inserts.
  [/^linker stubs$/, 'board'],
  [/\.a\(/, 'libc'],
  [/\/boards\/runtime\/interpreter\.c\.o$/, 'wasm3'],
  [/\/boards\/images\/agent\//, 'agent'],
  [/\/boards\/platform\/emulated\//, 'emulation'],
  [/\/boards\//, 'board'],
];

function componentOf(path: string): Part | undefined {
  const component = /\/boards\/([a-z]+)\/[^/]*$/.exec(path)?.[1];
  return PARTS.find((part) => part === component);
}

function partOf(path: string): Part {
  for (const [pattern, part] of PART_OF)
    if (pattern.test(path)) return part === 'board' ? (componentOf(path) ?? part) : part;
  throw new MoteError('BOARD_MAP', `The linker's map names ${path}, which belongs to no part.`);
}

/** Throws `BOARD_MAP` unless `map` is such a map and every object belongs to a part. */
export function footprintOf(map: string): Footprint {
  const start = map.indexOf('\nLinker script and memory map');
  if (start < 0) throw new MoteError('BOARD_MAP', "The text isn't a map of GNU ld.");
  const found = Object.fromEntries(PARTS.map((part) => [part, { flash: 0, ram: 0 }])) as Footprint;
  // The numbers of a long name are on a separate line.
  const text = map.slice(start).replaceAll(/^( ?[.*]\S+)\n {2,}(?=0x)/gm, '$1 ');
  let section = '';
  let last: Part = 'base';
  for (const line of text.split('\n')) {
    section = /^(\.\S+)/.exec(line)?.[1] ?? section;
    const piece = /^ (\S+) +0x[0-9a-f]+ +0x([0-9a-f]+) ?(\S.*)?$/.exec(line);
    if (piece === null) continue;
    const bytes = Number.parseInt(piece[2]!, 16);
    const path = piece[3];
    if (bytes === 0) continue;
    // A gap before an aligned section counts for the section before it.
    last = section === '.stack' ? 'stack' : path === undefined ? last : partOf(path);
    if (IN_FLASH.includes(section)) found[last].flash += bytes;
    if (IN_RAM.includes(section)) found[last].ram += bytes;
  }
  return found;
}
