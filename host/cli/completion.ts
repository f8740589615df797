/** `mote completion`: what a shell reads so that Tab completes commands and options. */
import type { Command } from 'commander';
import { MoteError } from '../base/index.ts';
import { addCommand } from './shared/command.ts';
import { completionScript, SHELLS } from './shared/completion.ts';

/** `wholeProgram` makes the program with all commands. */
export function registerCompletion(program: Command, wholeProgram: () => Promise<Command>): void {
  addCommand<[string]>(program, {
    usage: 'completion <shell>',
    description: `Prints the script with which a shell completes commands and options: ${SHELLS.join(', ')}.`,
    examples: [
      'source <(mote completion bash)',
      'mote completion zsh > ~/.zfunc/_mote',
      'mote completion fish > ~/.config/fish/completions/mote.fish',
    ],
    async run({ terminal, args: [name] }) {
      const shell = SHELLS.find((known) => known === name);
      if (shell === undefined)
        throw new MoteError('USAGE', `There is completion for ${SHELLS.join(', ')}; got "${name}".`);
      const script = completionScript(shell, await wholeProgram());
      terminal.data({ shell, script });
      terminal.line(script.trimEnd());
      return 0;
    },
  });
}
