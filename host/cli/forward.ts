/** `mote forward`: messages of one broker to another, by a durable log. */
import type { Command } from 'commander';
import { type MoteError, printable } from '../base/index.ts';
import { Forward, publicUrl } from '../messaging/forward/index.ts';
import { addCommand, integer, interrupted } from './shared/command.ts';
import { brokerCredentials, DEFAULT_BROKER } from './shared/options.ts';
import { Exit, type Terminal } from './shared/terminal.ts';

interface ForwardCommandOptions {
  site: string;
  to: string;
  broker: string;
  topic: string[];
  prefix: string;
  hops: string;
  remoteSite?: string;
  data: string;
}

const timeOf = (terminal: Terminal) => terminal.paint('dim', new Date().toISOString().slice(11, 19));

async function run(options: ForwardCommandOptions, terminal: Terminal): Promise<number> {
  const { MOTE_REMOTE_MQTT_USER: username, MOTE_REMOTE_MQTT_PASSWORD: password } = process.env;
  const topics = options.topic.length === 0 ? ['mote/#'] : options.topic;
  const { site, broker, to, prefix, remoteSite, data } = options;
  const forward = new Forward({
    site,
    local: { url: broker, ...brokerCredentials() },
    remote: { url: to, ...(username !== undefined && { username }), ...(password !== undefined && { password }) },
    topics,
    prefix,
    maxHops: integer(options.hops, 'hops', 1, 16),
    ...(remoteSite !== undefined && { remoteSite }),
    dir: data,
    onProblem({ code, message }: MoteError) {
      terminal.data({ type: 'problem', code, message, tMs: Date.now() });
      terminal.line(`${timeOf(terminal)}  ${terminal.paint('yellow', printable(message))} [${code}]`);
    },
  });
  terminal.data({ type: 'forwarding', site, from: publicUrl(broker), to: publicUrl(to), topics });
  terminal.line(`${topics.join(', ')} of ${publicUrl(broker)} go to ${publicUrl(to)}${prefix && ` below ${prefix}`}`);
  terminal.line(terminal.paint('dim', 'Ctrl-C stops it.'));
  await interrupted();
  terminal.line('stopping ...');
  await forward.close();
  const { stats } = forward;
  terminal.data({ type: 'stopped', ...stats });
  terminal.line(`${stats.received} received, ${stats.forwarded} forwarded, ${stats.waiting} wait on disk`);
  return Exit.ok;
}

export function registerForward(program: Command): void {
  addCommand<[], ForwardCommandOptions>(program, {
    usage: 'forward',
    description:
      'Forwards messages of a broker to the broker of another site or of a centre over MQTT 5. They wait on disk while that one is away, and keep their order, ids, times and properties.',
    options: [
      ['--site <name>', 'name of this site: letters, digits, _ and -', 'site'],
      [
        '-t, --to <url>',
        'broker to which messages go; user and password in it, or in MOTE_REMOTE_MQTT_USER and MOTE_REMOTE_MQTT_PASSWORD',
        'mqtts://localhost',
      ],
      [
        '-b, --broker <url>',
        'broker from which they come; user and password in it, or in MOTE_MQTT_USER and MOTE_MQTT_PASSWORD',
        DEFAULT_BROKER,
      ],
      ['--topic <filter...>', 'topics to forward; default: mote/#'],
      ['--prefix <topic>', 'put before each topic, such as sites/hall-2/', ''],
      ['--hops <count>', 'sites that may forward a message, with this one', '1'],
      ['--remote-site <name>', 'name of the site at the other end, whose messages do not go back to it'],
      ['--data <dir>', 'folder of the messages that wait and of dead letters', '.mote/forward'],
    ],
    examples: [
      'mote forward --site hall-2 --to mqtts://centre.example --prefix sites/hall-2/',
      "mote forward --site hall-2 --to mqtts://centre.example --topic 'mote/d/+/e' --topic 'mote/d/+/s'",
      'mote dead-letters list --data .mote/forward      (what the other broker refused)',
    ],
    run: ({ terminal, options }) => run(options, terminal),
  });
}
