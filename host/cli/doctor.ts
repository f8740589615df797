/** `mote doctor`: what this machine has, what is missing, and how to get it. */
import type { Command } from 'commander';
import { checkMachine, isWell } from '../toolchain/doctor/index.ts';
import { checkLines } from './shared/check-lines.ts';
import { addCommand } from './shared/command.ts';
import { Exit } from './shared/terminal.ts';

export function registerDoctor(parent: Command): void {
  addCommand(parent, {
    usage: 'doctor',
    description:
      'Checks what this machine has, and shows how to install what is missing. Builds the wasm3 engine if it is not there.',
    failure: 'The machine lacks something that moteware needs.',
    examples: ['mote doctor', 'mote doctor --json'],
    async run({ terminal }) {
      const checks = await checkMachine();
      terminal.data({ ok: isWell(checks), checks });
      for (const line of checkLines(terminal, checks)) terminal.line(line);
      return isWell(checks) ? Exit.ok : Exit.failed;
    },
  });
}
