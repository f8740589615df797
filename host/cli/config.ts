/** `mote config`: the configuration that a node shall have. */
import type { Command } from 'commander';
import { MoteError } from '../base/index.ts';
import { configureNode } from '../messaging/gateway/index.ts';
import { addCommand, integer, pairs } from './shared/command.ts';
import { BROKER_OPTIONS, nodeAddress } from './shared/options.ts';
import { Exit, table } from './shared/terminal.ts';

interface ConfigCommandOptions {
  broker: string;
  ns: string;
  timeout: string;
}

function int32(text: string, name: string): number {
  const value = Number(text);
  if ((value | 0) === value) return value;
  throw new MoteError('USAGE', `The setting ${name} takes an integer of 32 bits; got "${text}".`);
}

/** `NAME=VALUE` sets, `NAME=` removes. */
const changes = (list: string[]): Record<string, number | null> =>
  Object.fromEntries(
    pairs(list, 'mote config').map(([name, value]) => [name, value === '' ? null : int32(value, name)]),
  );

export function registerConfig(program: Command): void {
  addCommand<[string, string[]], ConfigCommandOptions>(program, {
    usage: 'config <node> [settings...]',
    description:
      "Changes settings of a node: NAME=VALUE sets one, NAME= removes it, so that the app's default applies. Other settings keep their values. Without settings it shows the configuration. The broker keeps the configuration, and a node that is away receives it when it connects.",
    failure: 'The node has not received the configuration yet.',
    options: [...BROKER_OPTIONS, ['--timeout <seconds>', "time limit for the gateway's answer", '10']],
    examples: ['mote config press-7', 'mote config press-7 alarm=300 clear=150', 'mote config press-7 alarm='],
    async run({ terminal, options, args: [node, list] }) {
      const change = changes(list);
      const { values, delivered, text } = await configureNode({
        ...nodeAddress(options, node),
        change,
        timeoutMs: integer(options.timeout, 'timeout', 1, 86_400) * 1000,
      });
      terminal.data({ type: 'config', node, values, delivered, text });
      const rows = Object.entries(values).map(([name, value]) => [`  ${name}`, String(value)]);
      terminal.line(rows.length === 0 ? `${node} has no settings; the defaults of its app apply` : `${node}:`);
      for (const row of table(rows, 'lr')) terminal.line(row);
      if (!delivered) terminal.line(terminal.paint('yellow', text));
      return delivered ? Exit.ok : Exit.failed;
    },
  });
}
