/** `mote shim`: the other end of nodes' links; what they say becomes MQTT 5, and what a broker says reaches them. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { MoteError } from '../base/index.ts';
import { DEFAULT_BAUD, listenTcp, openSerial } from '../device/link/index.ts';
import { type Broker, startEmbeddedBroker } from '../messaging/broker/index.ts';
import { Shim } from '../messaging/gateway/index.ts';
import { DEFAULT_NAMESPACE } from '../messaging/topics/index.ts';
import { addCommand, integer, interrupted } from './command.ts';
import { keepOpen, parseAddress } from './connect.ts';
import type { Terminal } from './terminal.ts';

interface ShimCommandOptions {
  listen: string;
  broker: string;
  ns: string;
  data: string;
  qos: string;
  serial: string[];
}

export const DEFAULT_BROKER = 'mqtt://127.0.0.1:1883';

/** `embedded` or `embedded:PORT` starts one on loopback; anything else is the address of one that runs. */
export async function openBroker(
  text: string,
  dataDir: string | undefined,
  onProblem: (error: MoteError) => void,
): Promise<{ url: string; own: Broker | null }> {
  const embedded = /^embedded(?::(.+))?$/.exec(text);
  if (embedded === null) return { url: text, own: null };
  const port = integer(embedded[1] ?? '1883', 'broker embedded:PORT', 0, 65_535);
  const own = await startEmbeddedBroker({ port, ...(dataDir !== undefined && { dataDir }), onProblem });
  return { url: own.url, own };
}

const clockOf = (terminal: Terminal) => terminal.paint('dim', new Date().toISOString().slice(11, 19));

function tellProblem(terminal: Terminal, { code, message }: MoteError, node?: string): void {
  terminal.data({ type: 'problem', node: node ?? null, code, message, tMs: Date.now() });
  terminal.line(`${clockOf(terminal)}  ${node ?? ''} ${terminal.paint('yellow', message)} [${code}]`);
}

function openShim(options: ShimCommandOptions, brokerUrl: string, terminal: Terminal): Shim {
  const states = new Map<string, string>();
  return new Shim({
    brokerUrl,
    ns: options.ns,
    queueDir: join(options.data, 'queue'),
    telemetryQos: integer(options.qos, 'qos', 0, 1) as 0 | 1,
    onNode(node, state) {
      if (states.get(node) === state) return;
      states.set(node, state);
      terminal.data({ type: 'node', node, state, tMs: Date.now() });
      terminal.line(`${clockOf(terminal)}  ${node} ${terminal.paint(state === 'online' ? 'green' : 'yellow', state)}`);
    },
    onProblem: (error, node) => tellProblem(terminal, error, node),
  });
}

/** `PATH` or `PATH:BAUD`. */
export function parseSerial(text: string): { path: string; baud: number } {
  const [, path, baud = String(DEFAULT_BAUD)] = /^(.+?)(?::(\d+))?$/.exec(text) ?? [];
  if (path !== undefined && Number(baud) >= 300 && Number(baud) <= 4_000_000) return { path, baud: Number(baud) };
  throw new MoteError(
    'USAGE',
    `A serial port is PATH or PATH:BAUD, such as /dev/ttyACM0:115200, with 300 to 4000000 baud; got "${text}".`,
  );
}

/** Keeps a serial line on the shim while boards on it come and go. Returns what ends it. */
export function serveSerial(
  shim: Shim,
  { path, baud }: ReturnType<typeof parseSerial>,
  onTrouble: (text: string) => void,
): () => void {
  const port = shim.port();
  const stop = keepOpen(
    () => openSerial(path, baud),
    (transport) => port.attach(transport),
    onTrouble,
  );
  return () => {
    stop();
    port.close();
  };
}

async function serve(options: ShimCommandOptions, terminal: Terminal): Promise<number> {
  const address = parseAddress(options.listen, '--listen');
  const serial = options.serial.map(parseSerial);
  const broker = await openBroker(options.broker, join(options.data, 'retained'), (error) =>
    tellProblem(terminal, error),
  );
  let shim: Shim | undefined;
  try {
    const opened = openShim(options, broker.url, terminal);
    shim = opened;
    const listener = await listenTcp(address.port, (transport) => opened.accept(transport), address.host);
    terminal.data({ type: 'listening', host: address.host, port: listener.port, broker: broker.url, ns: options.ns });
    terminal.line(
      `nodes link to ${address.host}:${listener.port}; broker ${broker.url}${broker.own ? ' (embedded)' : ''}; topics ${options.ns}/d/NODE/...`,
    );
    for (const line of serial) terminal.line(`node on ${line.path} at ${line.baud} baud`);
    const lines = serial.map((line) =>
      serveSerial(opened, line, (text) => tellProblem(terminal, new MoteError('SERIAL', text))),
    );
    terminal.line(terminal.paint('dim', 'Ctrl-C ends it.'));
    await interrupted();
    terminal.line('ending ...');
    for (const stop of lines) stop();
    await listener.close();
  } finally {
    await shim?.close();
    await broker.own?.close();
  }
  return 0;
}

export function registerShim(program: Command): void {
  addCommand<[], ShimCommandOptions>(program, {
    usage: 'shim',
    says: "Serves nodes' links and speaks MQTT 5 for them; what can't be delivered waits on disk. Starts a broker of its own unless given one.",
    options: [
      ['-l, --listen <host:port>', 'where nodes link to', '127.0.0.1:7878'],
      ['-b, --broker <url>', 'mqtt://[user:password@]host:port, mqtts://..., or embedded[:port]', 'embedded'],
      ['-s, --serial <path[:baud]...>', `a board on a serial port, as well; ${DEFAULT_BAUD} baud unless told`],
      ['--ns <name>', 'first part of all topics', DEFAULT_NAMESPACE],
      ['--data <dir>', 'queue, and what an embedded broker retains', '.mote/gateway'],
      ['--qos <0|1>', 'of telemetry; 1 waits on disk while the broker is away', '1'],
    ],
    examples: [
      'mote shim',
      'mote shim --broker mqtt://127.0.0.1:1883 --listen 0.0.0.0:7878',
      'mote shim --serial /dev/ttyACM0',
      "mosquitto_sub -V 5 -t 'mote/d/#' -v       (in another terminal, to watch)",
    ],
    run: ({ terminal, options }) => serve(options, terminal),
  });
}
