/** `mote doctor`: what this machine has, what is missing, and how to get it. */
import { type ExecFileException, execFile } from 'node:child_process';
import type { Command } from 'commander';
import { ENGINE_NAMES, loadEngine } from '../engine/index.ts';
import { MoteError } from '../error.ts';
import { addCommand } from './command.ts';
import { Exit, table } from './terminal.ts';

interface Check {
  name: string;
  ok: boolean;
  /** Whether moteware can't do its main job without it. */
  needed: boolean;
  found: string;
  fix?: string;
}

async function program(name: string, args: string[], needed: boolean, fix: string): Promise<Check> {
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
    await program(
      'cc',
      ['--version'],
      true,
      'install a C compiler: apt-get install gcc libc6-dev, or xcode-select --install',
    ),
    ...(await Promise.all(ENGINE_NAMES.map(engine))),
    await program(
      'mosquitto',
      ['-h'],
      false,
      'optional: apt-get install mosquitto (the embedded broker needs nothing)',
    ),
  ];
}

export function registerDoctor(parent: Command): void {
  addCommand(parent, {
    usage: 'doctor',
    says: 'Checks what this machine has and says how to get what is missing. Builds the wasm3 engine if need be.',
    examples: ['mote doctor', 'mote doctor --json'],
    async run({ terminal }) {
      const checks = await diagnose();
      terminal.data({ ok: checks.every((check) => check.ok || !check.needed), checks });
      const mark = (check: Check) => {
        if (check.ok) return terminal.paint('green', '✓');
        return check.needed ? terminal.paint('red', '✗') : terminal.paint('yellow', '-');
      };
      for (const line of table(checks.map((check) => [mark(check), check.name, check.found, check.fix ?? ''])))
        terminal.line(line);
      return checks.every((check) => check.ok || !check.needed) ? Exit.ok : Exit.failed;
    },
  });
}
