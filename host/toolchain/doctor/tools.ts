/** Programs of others that boards need: whether this machine has them, and how to get them. */
import { type ExecFileException, execFile } from 'node:child_process';
import { MoteError } from '../../base/index.ts';
import { findTool, libraryFlags, TOOL_NAMES, TOOLCHAINS, type Toolchain, type ToolName } from '../board/index.ts';

export interface Check {
  name: string;
  ok: boolean;
  /** Whether the purpose of the check can't be achieved without it. */
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

/** Compilers and emulators of boards, besides this machine's own compiler. */
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
  // Some programs print their version and still exit with an error code. Only a program that can't be started is missing.
  if (typeof error?.code === 'string') return { name, ok: false, needed, found: 'not found', fix };
  return { name, ok: true, needed, found: (stdout || stderr).split('\n')[0]?.trim() ?? '' };
}

export const checkTool = ({ name, args, get }: Tool, needed: boolean): Promise<Check> =>
  checkProgram(name, args, needed, needed ? get : `optional, ${get}`);

export const isWell = (checks: readonly Check[]): boolean => checks.every((check) => check.ok || !check.needed);
