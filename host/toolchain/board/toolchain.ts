/** The compilers and emulators of the system: their commands, and what to install if one is missing. */
import { execFile } from 'node:child_process';
import { isAbsolute } from 'node:path';
import { promisify } from 'node:util';
import { MoteError } from '../../base/index.ts';
import type { Toolchain } from './board-json.ts';

const run = promisify(execFile);

interface Tool {
  command: string;
  /** Environment variable that names another command. */
  variable: string;
  debian: string;
  homebrew: string;
}

const TOOLS = {
  'arm-none-eabi': {
    command: 'arm-none-eabi-gcc',
    variable: 'CC_ARM',
    debian: 'gcc-arm-none-eabi libnewlib-arm-none-eabi',
    homebrew: '--cask gcc-arm-embedded',
  },
  'riscv64-unknown-elf': {
    command: 'riscv64-unknown-elf-gcc',
    variable: 'CC_RISCV',
    debian: 'gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf',
    homebrew: 'riscv64-elf-gcc, and picolibc from github.com/picolibc/picolibc',
  },
  host: { command: 'cc', variable: 'CC', debian: 'build-essential', homebrew: 'gcc' },
  'qemu-system-arm': {
    command: 'qemu-system-arm',
    variable: 'QEMU_SYSTEM_ARM',
    debian: 'qemu-system-arm',
    homebrew: 'qemu',
  },
  'qemu-system-riscv32': {
    command: 'qemu-system-riscv32',
    variable: 'QEMU_SYSTEM_RISCV32',
    debian: 'qemu-system-misc',
    homebrew: 'qemu',
  },
} as const satisfies Record<Toolchain | `qemu-system-${string}`, Tool>;

export type ToolName = keyof typeof TOOLS;
export const TOOL_NAMES = Object.keys(TOOLS) as ToolName[];

export interface FoundTool {
  command: string;
  /** The first line of its output for `--version`. */
  version: string;
}

const found = new Map<string, Promise<FoundTool>>();

/** Throws `BOARD_TOOL`, whose message names what to install. */
export function findTool(name: ToolName): Promise<FoundTool> {
  const { command, variable } = TOOLS[name];
  const chosen = process.env[variable] || command;
  const key = `${name} ${chosen}`;
  const known = found.get(key) ?? ask(name, chosen);
  // A missing tool may be installed later, so don't cache the failure.
  found.set(key, known);
  known.catch(() => found.delete(key));
  return known;
}

async function ask(name: ToolName, command: string): Promise<FoundTool> {
  const { debian, homebrew, variable } = TOOLS[name];
  try {
    const { stdout } = await run(command, ['--version']);
    return { command, version: stdout.split('\n')[0] ?? '' };
  } catch (cause) {
    throw new MoteError(
      'BOARD_TOOL',
      `${command} is missing: install it (Debian: apt install ${debian}; macOS: brew install ${homebrew}), or name another one in ${variable}.`,
      { cause },
    );
  }
}

/** Returns the flags with which a bare-metal compiler finds its small C library. Throws `BOARD_TOOL` if it has none. */
export async function libraryFlags(toolchain: Toolchain): Promise<string[]> {
  if (toolchain === 'host') return [];
  const [specs, ...more] = toolchain === 'arm-none-eabi' ? ['nano.specs', 'nosys.specs'] : ['picolibc.specs'];
  const { command } = await findTool(toolchain);
  const { stdout } = await run(command, [`-print-file-name=${specs}`]);
  if (!isAbsolute(stdout.trim())) {
    const { debian, homebrew, variable } = TOOLS[toolchain];
    throw new MoteError(
      'BOARD_TOOL',
      `${command} lacks its C library (${specs}): install it (Debian: apt install ${debian}; macOS: brew install ${homebrew}), or name another compiler in ${variable}.`,
    );
  }
  return [specs!, ...more].map((file) => `--specs=${file}`);
}
