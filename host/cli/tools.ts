/** Programs of others that boards need: whether this machine has them, and how to get them. */
import { type ExecFileException, execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MoteError } from '../base/index.ts';
import {
  findTool,
  libraryFlags,
  TOOL_NAMES,
  TOOLCHAINS,
  type Toolchain,
  type ToolName,
} from '../toolchain/board/index.ts';
import { type Terminal, table, wrap } from './terminal.ts';

export interface Check {
  name: string;
  ok: boolean;
  /** Whether what was asked about can't be done without it. */
  needed: boolean;
  found: string;
  fix?: string;
}

export interface Tool {
  name: string;
  args: string[];
  /** How to get it. */
  get: string;
}

export const TOOLS = {
  probeRs: {
    name: 'probe-rs',
    args: ['--version'],
    get: 'for debug probes: cargo install probe-rs-tools --locked, or https://probe.rs',
  },
  esptool: { name: 'esptool', args: ['version'], get: 'for ESP32 chips: pip install esptool (5 or newer)' },
  stty: { name: 'stty', args: ['--version'], get: 'for serial ports: apt-get install coreutils' },
} as const satisfies Record<string, Tool>;

/** A compiler with its C library, or an emulator. */
export async function checkBuildTool(name: ToolName, needed: boolean): Promise<Check> {
  const label = isToolchain(name) ? (name === 'host' ? 'cc' : `${name}-gcc`) : name;
  try {
    const { command, version } = await findTool(name);
    if (isToolchain(name)) await libraryFlags(name);
    return { name: label, ok: true, needed, found: command === label ? version : `${command}: ${version}` };
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    const fix = needed ? error.message : `optional, for boards: ${error.message}`;
    return { name: label, ok: false, needed, found: 'not found', fix };
  }
}
const isToolchain = (name: ToolName): name is ToolName & Toolchain => TOOLCHAINS.some((one) => one === name);

/** What boards are built and run with, besides this machine's own compiler. */
export const BOARD_TOOLS = TOOL_NAMES.filter((name) => name !== 'host');

export async function checkProgram(
  name: string,
  args: readonly string[],
  needed: boolean,
  fix: string,
): Promise<Check> {
  const { error, stdout, stderr } = await new Promise<{
    error: ExecFileException | null;
    stdout: string;
    stderr: string;
  }>((resolve) =>
    execFile(name, args, { timeout: 10_000 }, (error, stdout, stderr) => resolve({ error, stdout, stderr })),
  );
  // Some programs print their version and still exit with a code; only one that can't be started is missing.
  if (typeof error?.code === 'string') return { name, ok: false, needed, found: 'not found', fix };
  return { name, ok: true, needed, found: (stdout || stderr).split('\n')[0]?.trim() ?? '' };
}

export const checkTool = ({ name, args, get }: Tool, needed: boolean): Promise<Check> =>
  checkProgram(name, args, needed, needed ? get : `optional, ${get}`);

export const isWell = (checks: readonly Check[]): boolean => checks.every((check) => check.ok || !check.needed);

/** A line a check, and under it how to get what is missing. */
export function checkLines(terminal: Terminal, checks: readonly Check[]): string[] {
  const mark = (check: Check) => {
    if (check.ok) return terminal.paint('green', '✓');
    return check.needed ? terminal.paint('red', '✗') : terminal.paint('yellow', '-');
  };
  const room = terminal.columns - Math.max(...checks.map(({ name }) => name.length)) - '✓    '.length;
  const lines = table(checks.map((check) => [mark(check), check.name, check.found.slice(0, room)]));
  return checks.flatMap(({ fix }, i) => [
    lines[i]!,
    ...(fix === undefined ? [] : wrap(fix, terminal.columns - 3).map((line) => terminal.paint('dim', `   ${line}`))),
  ]);
}

const listed = (folder: string): string[] => {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
};

/** Serial ports that boards' USB gives: Linux by their stable names where there are some, macOS call-out devices. */
export function serialPorts(dev = '/dev'): string[] {
  const byId = listed(join(dev, 'serial', 'by-id')).map((name) => join(dev, 'serial', 'by-id', name));
  if (byId.length > 0) return byId;
  return listed(dev)
    .filter((name) => /^(ttyACM|ttyUSB|cu\.usb)/.test(name))
    .map((name) => join(dev, name));
}

/** How a drive comes to be there. */
export const BOOTLOADER =
  'put the board into its bootloader: a Pico by holding BOOTSEL while it is plugged in, many others by pressing reset twice';

export interface Drive {
  path: string;
  /** `Board-ID` and `Model` of its INFO_UF2.TXT. */
  board: string;
  model: string;
}

/** Whether a folder is a UF2 bootloader's drive: it has an INFO_UF2.TXT, in upper or lower case. */
export function readDrive(path: string): Drive | null {
  const name = listed(path).find((file) => file.toUpperCase() === 'INFO_UF2.TXT');
  if (name === undefined) return null;
  const text = readFileSync(join(path, name), 'latin1');
  const line = (key: string) => new RegExp(`^${key}: *([ -~]*)`, 'm').exec(text)?.[1]?.trim() ?? '';
  return { path, board: line('Board-ID'), model: line('Model') };
}

/** Where systems mount what is plugged in. */
const MOUNTS = ['/media', '/run/media', '/Volumes', '/mnt'];

export function uf2Drives(mounts: readonly string[] = MOUNTS): Drive[] {
  const below = (folder: string) => listed(folder).map((name) => join(folder, name));
  const folders = mounts
    .filter((path) => existsSync(path))
    .flatMap((path) => [path, ...below(path).flatMap((one) => [one, ...below(one)])]);
  return folders.map(readDrive).filter((drive) => drive !== null);
}
