/** A board's description, `boards/targets/NAME/board.json`: docs/boards.md describes each field. Parsed strictly, then trusted. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MoteError, packagePath } from '../../base/index.ts';
import { UF2_FAMILIES, type Uf2Family } from './uf2.ts';

export const TOOLCHAINS = ['arm-none-eabi', 'riscv64-unknown-elf', 'host'] as const;
export type Toolchain = (typeof TOOLCHAINS)[number];

export interface Range {
  origin: number;
  bytes: number;
}

/** Flash of the slots and stores. Without an origin, the firmware allocates memory for it. */
export interface NodeFlash {
  origin: number | null;
  bytes: number;
  page: number;
  write: number;
}

/** Memory of a processor without an operating system, for the linker. */
export interface Memory {
  firmware: Range;
  ram: Range;
  stackBytes: number;
  irqStackBytes: number;
}

export interface BoardSensor {
  name: string;
  rateMilliHz: number;
  channels: number;
  ringSamples: number;
  /** The sensor part and the file of its driver. */
  part: string;
}

export type Run = { kind: 'qemu'; program: string; args: string[] } | { kind: 'process' };

/** Methods to flash an image, the best one first. */
export type FlashMethod =
  | { tool: 'probe-rs'; chip: string }
  | { tool: 'esptool'; chip: string; address: number }
  | { tool: 'uf2'; family: Uf2Family; volume: string };

export interface Board {
  name: string;
  /** One line for `mote board list`. */
  description: string;
  chip: string;
  cpu: { core: string; toolchain: Toolchain; flags: string[]; simd: boolean };
  /** Folders or single files of `boards/` that it uses besides the components and its own folder. */
  sources: string[];
  linkerScript: string | null;
  memory: Memory | null;
  flash: NodeFlash;
  sensors: BoardSensor[];
  pins: Record<string, string>;
  /** How to run it on this machine; null: it runs on the hardware only. */
  run: Run | null;
  flashing: FlashMethod[];
  /** What has never been run; null if everything has. */
  neverRun: string | null;
}

/** Throws `BOARD_JSON` unless `text` describes the board `name`. */
export function parseBoard(text: string, name: string): Board {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MoteError('BOARD_JSON', `${name}/board.json isn't JSON: ${(cause as Error).message}`, { cause });
  }
  const fields = new Fields(value, `${name}/board.json`);
  const board: Board = {
    name: fields.text('name'),
    description: fields.text('description'),
    chip: fields.text('chip'),
    cpu: parseCpu(fields.object('cpu')),
    sources: fields.texts('sources'),
    linkerScript: fields.has('linkerScript') ? fields.text('linkerScript') : null,
    memory: fields.has('memory') ? parseMemory(fields.object('memory')) : null,
    flash: parseFlash(fields.object('flash')),
    sensors: fields.objects('sensors').map(parseSensor),
    pins: fields.map('pins'),
    run: fields.has('run') ? parseRun(fields.object('run')) : null,
    flashing: fields.objects('flashing').map(parseMethod),
    neverRun: fields.has('neverRun') ? fields.text('neverRun') : null,
  };
  fields.end();
  if (board.name !== name) throw fields.wrong(`has the name ${board.name}`);
  const bare = board.cpu.toolchain !== 'host';
  if (bare !== (board.memory !== null) || bare !== (board.linkerScript !== null))
    throw fields.wrong('needs memory and linkerScript unless its toolchain is host');
  checkFlash(board, fields);
  return board;
}

function checkFlash({ flash, memory }: Board, fields: Fields): void {
  const { origin, bytes, page, write } = flash;
  const powerOfTwo = (write & (write - 1)) === 0;
  if (!powerOfTwo || write > 256 || page % write !== 0 || bytes % page !== 0 || bytes < 4 * page)
    throw fields.wrong('has a flash that is not whole pages of whole writes of 1, 2, 4, ... 256 bytes');
  if (memory === null) return;
  const parts = [memory.firmware, memory.ram, ...(origin === null ? [] : [{ origin, bytes }])];
  parts.sort((a, b) => a.origin - b.origin);
  for (const [i, part] of parts.entries())
    if (i > 0 && parts[i - 1]!.origin + parts[i - 1]!.bytes > part.origin)
      throw fields.wrong('has parts of memory that overlap');
}

function parseCpu(fields: Fields): Board['cpu'] {
  const cpu = {
    core: fields.text('core'),
    toolchain: fields.choice('toolchain', TOOLCHAINS),
    flags: fields.texts('flags'),
    simd: fields.flag('simd'),
  };
  fields.end();
  return cpu;
}

function parseRange(fields: Fields): Range {
  const range = { origin: fields.number('origin'), bytes: fields.number('bytes') };
  fields.end();
  return range;
}

function parseMemory(fields: Fields): Memory {
  const memory = {
    firmware: parseRange(fields.object('firmware')),
    ram: parseRange(fields.object('ram')),
    stackBytes: fields.number('stackBytes'),
    irqStackBytes: fields.number('irqStackBytes'),
  };
  fields.end();
  return memory;
}

function parseFlash(fields: Fields): NodeFlash {
  const flash = {
    origin: fields.has('origin') ? fields.number('origin') : null,
    bytes: fields.number('bytes'),
    page: fields.number('page'),
    write: fields.number('write'),
  };
  fields.end();
  return flash;
}

function parseSensor(fields: Fields): BoardSensor {
  const sensor = {
    name: fields.text('name'),
    rateMilliHz: fields.number('rateMilliHz'),
    channels: fields.number('channels'),
    ringSamples: fields.number('ringSamples'),
    part: fields.text('part'),
  };
  fields.end();
  return sensor;
}

function parseRun(fields: Fields): Run {
  const kind = fields.choice('kind', ['qemu', 'process'] as const);
  const run: Run = kind === 'qemu' ? { kind, program: fields.text('program'), args: fields.texts('args') } : { kind };
  fields.end();
  return run;
}

function parseMethod(fields: Fields): FlashMethod {
  const tool = fields.choice('tool', ['probe-rs', 'esptool', 'uf2'] as const);
  let method: FlashMethod;
  if (tool === 'probe-rs') method = { tool, chip: fields.text('chip') };
  else if (tool === 'esptool') method = { tool, chip: fields.text('chip'), address: fields.number('address') };
  else {
    const families = Object.keys(UF2_FAMILIES) as Uf2Family[];
    method = { tool, family: fields.choice('family', families), volume: fields.text('volume') };
  }
  fields.end();
  return method;
}

/** Reads one object of the file. Every field must be read once, and unknown fields are an error. */
class Fields {
  readonly #where: string;
  readonly #values: Map<string, unknown>;

  constructor(value: unknown, where: string) {
    this.#where = where;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.wrong('is not an object');
    this.#values = new Map(Object.entries(value));
  }

  wrong(what: string): MoteError {
    return new MoteError('BOARD_JSON', `${this.#where} ${what}; docs/boards.md describes the file.`);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  end(): void {
    const [left] = this.#values.keys();
    if (left !== undefined) throw this.wrong(`has an unknown field '${left}'`);
  }

  #take<T>(key: string, type: string, is: (value: unknown) => value is T): T {
    const value = this.#values.get(key);
    this.#values.delete(key);
    if (!is(value)) throw this.wrong(`needs '${key}', ${type}`);
    return value;
  }

  text(key: string): string {
    return this.#take(key, 'a text', isText);
  }

  texts(key: string): string[] {
    return this.#take(
      key,
      'a list of texts',
      (value): value is string[] => Array.isArray(value) && value.every(isText),
    );
  }

  choice<T extends string>(key: string, values: readonly T[]): T {
    return this.#take(key, `one of ${values.join(', ')}`, (value): value is T => values.includes(value as T));
  }

  flag(key: string): boolean {
    return this.#take(key, 'true or false', (value) => typeof value === 'boolean');
  }

  /** Addresses may be hexadecimal strings, because JSON has no hexadecimal numbers. */
  number(key: string): number {
    const value = this.#take(
      key,
      "a number below 2^32, or a text like '0x20000000'",
      (value): value is number | string =>
        typeof value === 'number' || (isText(value) && /^0x[0-9a-f]{1,8}$/.test(value)),
    );
    const number = Number(value);
    if (!Number.isInteger(number) || number < 0 || number >= 2 ** 32) throw this.wrong(`has ${value} as '${key}'`);
    return number;
  }

  object(key: string): Fields {
    return new Fields(this.#values.get(key), this.#delete(key));
  }

  objects(key: string): Fields[] {
    const list = this.#take(key, 'a list of objects', (value): value is unknown[] => Array.isArray(value));
    return list.map((value, i) => new Fields(value, `${this.#where}, ${key}[${i}]`));
  }

  map(key: string): Record<string, string> {
    const fields = this.object(key);
    return Object.fromEntries([...fields.#values.keys()].map((name) => [name, fields.text(name)]));
  }

  #delete(key: string): string {
    this.#values.delete(key);
    return `${this.#where}, ${key}`;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Names of all boards. */
export function boardNames(): string[] {
  const folder = packagePath('boards', 'targets');
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'board.json')));
}

/** Throws `BOARD_NAME` if there is no such board, and what `parseBoard` throws. */
export function loadBoard(name: string): Board {
  const names = boardNames();
  if (!names.includes(name))
    throw new MoteError('BOARD_NAME', `There is no board ${name}: use one of ${names.join(', ')}.`);
  return parseBoard(readFileSync(packagePath('boards', 'targets', name, 'board.json'), 'utf8'), name);
}

/** Returns how a board runs on this machine. Throws `BOARD_RUN` for a board that runs on the hardware only. */
export function requireRun({ name, run }: Board): NonNullable<Board['run']> {
  if (run === null)
    throw new MoteError('BOARD_RUN', `${name} runs on the hardware only: "mote flash ${name}" puts an app on it.`);
  return run;
}
