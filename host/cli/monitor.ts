/**
 * `mote monitor`: what a node says, live. A board on a serial line or a TCP stream gets a gateway of its own for as long as it is watched;
 * a node behind a gateway is watched on the broker.
 */
import type { Command } from 'commander';
import { backgroundClock, MoteError } from '../base/index.ts';
import { connectTcp, openSerial, type Transport } from '../device/link/index.ts';
import { NEVER_SEEN, Shim } from '../messaging/gateway/index.ts';
import type { Received } from '../messaging/mqtt/index.ts';
import { checkNodeId, DEFAULT_NAMESPACE } from '../messaging/topics/index.ts';
import { addCommand, interrupted } from './command.ts';
import { keepOpen, parseAddress } from './connect.ts';
import { checkLine } from './line-check.ts';
import { Printer } from './report.ts';
import { DEFAULT_BROKER, openBroker, parseSerial } from './shim.ts';
import { Exit, type Terminal } from './terminal.ts';
import { printing, tellProblem, watchNodes } from './watch.ts';

/** What a node says of itself every few seconds is for programs. */
const VITAL = /^agent\./;

/** A broker tells the last state of a node that it knows at once; this is for a slow one. */
const RETAINED_MS = 3000;
/** What others send to a node is no sign of it. */
const TO_NODE = /\/(cmd|cfg|desired)$/;

interface MonitorOptions {
  broker?: string;
  ns: string;
  telemetry: boolean;
}

/** What is written where a node's id or a port with its path should be, and isn't either. */
function slip(text: string): string | null {
  if (/^COM\d+(:\d+)?$/i.test(text))
    return `${text} is a serial port of Windows, and those are not served: use WSL, or a serial server and tcp:HOST:PORT.`;
  if (/^(tty|cu)(\.|[A-Z]+\d)/.test(text))
    return `A serial port is written with its folder; for ${text}, write /dev/${text}.`;
  if (/^(\[[0-9a-f:]+\]|[^:]+):\d+$/i.test(text))
    return `A TCP stream is tcp:HOST:PORT; for ${text}, write tcp:${text}.`;
  return null;
}

/** `/dev/ttyACM0[:BAUD]`, `tcp:HOST:PORT`, or else a node's id. Throws `USAGE` and `NODE_ID`. */
export function parseTarget(text: string): { node: string } | { open: () => Promise<Transport> } {
  if (/^tcp:/.test(text)) {
    const { host, port } = parseAddress(text.replace(/^tcp:(\/\/)?/, ''), 'tcp:');
    return { open: () => connectTcp(port, host, 'the serial server or emulator') };
  }
  if (text.includes('/')) {
    const { path, baud } = parseSerial(text);
    return { open: () => openSerial(path, baud) };
  }
  const meant = slip(text);
  if (meant !== null) throw new MoteError('USAGE', meant);
  checkNodeId(text);
  return { node: text };
}

/** UTC, to the millisecond. */
const utc = (t: number): string => new Date(t * 1000).toISOString().slice(11, 23);

function watch(
  options: MonitorOptions,
  node: string,
  brokerUrl: string,
  terminal: Terminal,
  onMessage: (message: Received) => void = () => {},
) {
  const printer = new Printer(terminal, { telemetry: options.telemetry, time: utc });
  const printed = printing(terminal, printer, { of: (tMs) => tMs / 1000, now: () => Date.now() / 1000 });
  return watchNodes({
    ...printed,
    onMessage,
    brokerUrl,
    ns: options.ns,
    node,
    ...(process.env.MOTE_MQTT_USER !== undefined && { username: process.env.MOTE_MQTT_USER }),
    ...(process.env.MOTE_MQTT_PASSWORD !== undefined && { password: process.env.MOTE_MQTT_PASSWORD }),
    onTelemetry(frame, metric, from) {
      if (terminal.json || !VITAL.test(metric?.name ?? '')) printed.onTelemetry(frame, metric, from);
    },
  });
}

/** A gateway for one line, until it is told to end. */
async function monitorLine(
  target: string,
  open: () => Promise<Transport>,
  options: MonitorOptions,
  terminal: Terminal,
): Promise<void> {
  const problem = (error: MoteError) => tellProblem(terminal, error);
  // Before anything else: a port that isn't there is a slip of the pen.
  const first = await open();
  const broker = await openBroker(options.broker ?? 'embedded:0', undefined, problem).catch((error) => {
    first.close();
    throw error;
  });
  let shim: Shim | undefined;
  let unwatch = () => {};
  let stop = () => {};
  try {
    unwatch = await watch(options, '+', broker.url, terminal);
    shim = new Shim({ brokerUrl: broker.url, ns: options.ns, onProblem: problem });
    const port = shim.port();
    let next: Transport | null = first;
    let lost = false;
    const trouble = (text: string) => {
      lost = true;
      problem(new MoteError('LINK', text));
    };
    const again = async () => {
      const transport = next ?? (await open());
      next = null;
      return transport;
    };
    stop = keepOpen(
      again,
      (transport) => {
        if (lost) terminal.line(terminal.paint('dim', `${target} is open again`));
        lost = false;
        port.attach(
          checkLine(transport, {
            name: target,
            up: () => port.link.up,
            clock: backgroundClock,
            tell: (text) => problem(new MoteError('LINK', text)),
          }),
        );
      },
      trouble,
      () => trouble(`The stream to ${target} ended; it is opened again as soon as that is possible.`),
    );
    terminal.data({ type: 'listening', broker: broker.url, ns: options.ns });
    terminal.line(terminal.paint('dim', `broker ${broker.url}, for mote push as well; Ctrl-C ends it`));
    await interrupted();
  } finally {
    stop();
    unwatch();
    await shim?.close();
    await broker.own?.close();
    first.close();
  }
}

async function monitor(target: string, options: MonitorOptions, terminal: Terminal): Promise<number> {
  const parsed = parseTarget(target);
  if ('open' in parsed) {
    await monitorLine(target, parsed.open, options, terminal);
    return Exit.ok;
  }
  const { node } = parsed;
  const brokerUrl = options.broker ?? DEFAULT_BROKER;
  let seen = false;
  const unwatch = await watch(options, node, brokerUrl, terminal, ({ topic }) => {
    seen ||= !TO_NODE.test(topic);
  });
  terminal.data({ type: 'listening', broker: brokerUrl, ns: options.ns });
  terminal.line(terminal.paint('dim', `watching ${node} on ${brokerUrl}; Ctrl-C ends it`));
  const cancel = backgroundClock.after(RETAINED_MS, () => {
    if (seen) return;
    const text = `Node ${node} ${NEVER_SEEN}, below ${options.ns}/: look at its name, --broker and --ns. It is shown when it comes.`;
    tellProblem(terminal, new MoteError('NODE_UNKNOWN', text));
  });
  await interrupted();
  cancel();
  unwatch();
  return Exit.ok;
}

export function registerMonitor(program: Command): void {
  addCommand<[string], MonitorOptions>(program, {
    usage: 'monitor <target>',
    says: "Shows a node's log, events, telemetry and updates live: of a board on a serial port (PATH[:BAUD]) or TCP stream (tcp:HOST:PORT), which gets a gateway of its own, or of a node behind a gateway, by its id.",
    options: [
      ['-b, --broker <url>', `where to watch; default: ${DEFAULT_BROKER}, for a port one of its own`],
      ['--ns <name>', 'first part of all topics', DEFAULT_NAMESPACE],
      ['--no-telemetry', 'log, events and updates only'],
    ],
    examples: [
      'mote monitor /dev/ttyACM0',
      'mote monitor tcp:127.0.0.1:4444 --json',
      'mote monitor press-7 --broker mqtts://user@broker.example:8883 --no-telemetry',
    ],
    run: ({ terminal, options, args: [target] }) => monitor(target, options, terminal),
  });
}
