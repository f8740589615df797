/** A board's description, `boards/targets/NAME/board.json`: docs/boards.md says what each field means. Parsed strictly, then trusted. */
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

/** Flash of slots and stores; without an origin the firmware gives it memory of its own. */
export interface NodeFlash {
  origin: number | null;
  bytes: number;
  page: number;
  write: number;
}

/** What a processor without an operating system needs to be told at link time. */
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
  /** The part and the driver's file. */
  part: string;
}

export type Run = { kind: 'qemu'; program: string; args: string[] } | { kind: 'process' };

/** Ways to put an image on it, the best one first. */
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
  /** Folders or single files of `boards/` that it is made of, beside the components and its own folder. */
  sources: string[];
  linkerScript: string | null;
  memory: Memory | null;
  flash: NodeFlash;
  sensors: BoardSensor[];
  pins: Record<string, string>;
  /** How to run it on this machine; null: only on the hardware. */
  run: Run | null;
  flashing: FlashMethod[];
  /** What of it nobody has run yet; null: all was. */
  neverRun: string | null;
}

/** Throws `BOARD_JSON` for a text that isn't a description of the board `name`. */
export function parseBoard(text: string, name: string): Board {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MoteError('BOARD_JSON', `${name}/board.json is no JSON: ${(cause as Error).message}`, { cause });
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

/** One object of the file: every field is asked for once, and none may be left over. */
class Fields {
  readonly #where: string;
  readonly #values: Map<string, unknown>;

  constructor(value: unknown, where: string) {
    this.#where = where;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.wrong('is no object');
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
    if (left !== undefined) throw this.wrong(`has a field '${left}' that no board has`);
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

  /** Addresses are easier to read in hexadecimal, which JSON has as text only. */
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

/** Names of the boards that there are. */
export function boardNames(): string[] {
  const folder = packagePath('boards', 'targets');
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'board.json')));
}

/** Throws `BOARD_NAME` when there is no such board, and what `parseBoard` throws. */
export function loadBoard(name: string): Board {
  const names = boardNames();
  if (!names.includes(name))
    throw new MoteError('BOARD_NAME', `There is no board ${name}: use one of ${names.join(', ')}.`);
  return parseBoard(readFileSync(packagePath('boards', 'targets', name, 'board.json'), 'utf8'), name);
}

/** How a board runs here. Throws `BOARD_RUN` for one that only runs on the hardware. */
export function requireRun({ name, run }: Board): NonNullable<Board['run']> {
  if (run === null)
    throw new MoteError('BOARD_RUN', `${name} runs on the hardware only: "mote flash ${name}" puts an app on it.`);
  return run;
}
