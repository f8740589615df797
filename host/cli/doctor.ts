/** `mote doctor`: what this machine has, what is missing, and how to get it. */
import type { Command } from 'commander';
import { MoteError } from '../base/index.ts';
import { ENGINE_NAMES, loadEngine } from '../device/engine/index.ts';
import { addCommand } from './command.ts';
import { Exit } from './terminal.ts';
import {
  BOARD_TOOLS,
  type Check,
  checkBuildTool,
  checkLines,
  checkProgram,
  checkTool,
  isWell,
  TOOLS,
} from './tools.ts';

async function engine(name: (typeof ENGINE_NAMES)[number]): Promise<Check> {
  try {
    await loadEngine(name);
    return { name: `engine ${name}`, ok: true, needed: true, found: 'loads' };
  } catch (error) {
    const text = error instanceof MoteError ? error.message : String(error);
    return { name: `engine ${name}`, ok: false, needed: true, found: 'does not load', fix: text };
  }
}

async function diagnose(): Promise<Check[]> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const recent = major > 20 || (major === 20 && minor >= 19);
  return [
    {
      name: 'node',
      ok: recent,
      needed: true,
      found: process.version,
      ...(recent ? {} : { fix: 'install Node 20.19 or newer' }),
    },
    await checkProgram(
      'cc',
      ['--version'],
      true,
      'install a C compiler: apt-get install gcc libc6-dev, or xcode-select --install',
    ),
    ...(await Promise.all(ENGINE_NAMES.map(engine))),
    await checkProgram(
      'mosquitto',
      ['-h'],
      false,
      'optional: apt-get install mosquitto (the embedded broker needs nothing)',
    ),
    ...(await Promise.all(BOARD_TOOLS.map((name) => checkBuildTool(name, false)))),
    ...(await Promise.all(Object.values(TOOLS).map((tool) => checkTool(tool, false)))),
  ];
}

export function registerDoctor(parent: Command): void {
  addCommand(parent, {
    usage: 'doctor',
    says: 'Checks what this machine has, and shows how to install what is missing. Builds the wasm3 engine if it is not there.',
    failure: 'The machine lacks something that moteware needs.',
    examples: ['mote doctor', 'mote doctor --json'],
    async run({ terminal }) {
      const checks = await diagnose();
      terminal.data({ ok: isWell(checks), checks });
      for (const line of checkLines(terminal, checks)) terminal.line(line);
      return isWell(checks) ? Exit.ok : Exit.failed;
    },
  });
}
