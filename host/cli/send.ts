/** `mote send`: a command for a node, with its answer. */
import type { Command } from 'commander';
import { MoteError } from '../base/index.ts';
import { sendCommand } from '../messaging/gateway/index.ts';
import { addCommand, integer, json } from './shared/command.ts';
import { BROKER_OPTIONS, nodeAddress } from './shared/options.ts';
import { Exit, reportNo } from './shared/terminal.ts';

interface SendCommandOptions {
  broker: string;
  ns: string;
  timeout: string;
}

export function registerSend(program: Command): void {
  addCommand<[string, string, string?], SendCommandOptions>(program, {
    usage: 'send <node> <command> [json]',
    description:
      'Sends a command to a node and waits for its answer. The module reads the body as CBOR. A command for a node that is away fails; it is not delivered later.',
    failure: 'The node failed the command or has no such command, it is away, or no answer came in time.',
    options: [...BROKER_OPTIONS, ['--timeout <seconds>', 'time limit for the answer', '10']],
    examples: ['mote send press-7 blink', `mote send press-7 gain '{"value": 3}' --json`],
    async run({ terminal, options, args: [node, name, text] }) {
      const answer = await sendCommand({
        ...nodeAddress(options, node),
        name,
        body: text === undefined ? undefined : json(text, 'The body of a command'),
        timeoutMs: integer(options.timeout, 'timeout', 1, 86_400) * 1000,
      }).catch((error: unknown) => {
        if (error instanceof MoteError && error.code === 'COMMAND_TIMEOUT') return error;
        throw error;
      });
      if (answer instanceof MoteError) return reportNo(answer, terminal);
      const { ok, text: said } = answer;
      terminal.data({ type: 'answer', node, name, ok, text: said });
      terminal.line(terminal.paint(ok ? 'green' : 'red', `${node}: ${said || (ok ? 'done' : 'failed')}`));
      return ok ? Exit.ok : Exit.failed;
    },
  });
}
