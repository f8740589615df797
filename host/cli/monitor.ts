/**
 * `mote monitor`: what a node publishes, live. A board on a serial line or a TCP stream gets a gateway of its own for as long as it is
 * watched; a node behind a gateway is watched on the broker.
 */
import type { Command } from 'commander';
import { MoteError } from '../base/index.ts';
import { connectTcp, openSerial, type Transport } from '../device/link/index.ts';
import { publicUrl } from '../messaging/broker/index.ts';
import { type MonitorOptions, monitorLine, monitorNode } from '../messaging/monitor/index.ts';
import { checkNodeId, DEFAULT_NAMESPACE } from '../messaging/topics/index.ts';
import { openTracer } from '../toolchain/debug/index.ts';
import { addCommand, interrupted } from './shared/command.ts';
import { brokerCredentials, DEFAULT_BROKER, parseAddress, parseBroker, parseSerial } from './shared/options.ts';
import { Printer } from './shared/report.ts';
import { Exit, type Terminal } from './shared/terminal.ts';
import { DEBUG_OPTION, TrapReport } from './shared/trap-report.ts';
import { printing } from './shared/watch-report.ts';

/** Vitals, which a node sends every few seconds, are for programs. */
const VITAL = /^agent\./;

interface MonitorCommandOptions {
  broker?: string;
  ns: string;
  telemetry: boolean;
  debug?: string;
}

/** Explains a text that is neither a node's id nor a port with its path. Null: no explanation. */
function explainTarget(text: string): string | null {
  if (/^COM\d+(:\d+)?$/i.test(text))
    return `${text} is a serial port of Windows, which isn't supported: use WSL, or a serial server and tcp:HOST:PORT.`;
  if (/^(tty|cu)(\.|[A-Z]+\d)/.test(text)) return `A serial port needs its full path: for ${text}, write /dev/${text}.`;
  if (/^(\[[0-9a-f:]+\]|[^:]+):\d+$/i.test(text))
    return `A TCP stream is tcp:HOST:PORT: for ${text}, write tcp:${text}.`;
  return null;
}

/** `/dev/ttyACM0[:BAUD]`, `tcp:HOST:PORT`, or else a node's id. Throws `USAGE` and `NODE_ID`. */
function parseTarget(text: string): { node: string } | { open: () => Promise<Transport> } {
  if (/^tcp:/.test(text)) {
    const { host, port } = parseAddress(text.replace(/^tcp:(\/\/)?/, ''), 'tcp:');
    return { open: () => connectTcp(port, host, 'the serial server or emulator') };
  }
  if (text.includes('/')) {
    const { path, baud } = parseSerial(text);
    return { open: () => openSerial(path, baud) };
  }
  const explanation = explainTarget(text);
  if (explanation !== null) throw new MoteError('USAGE', explanation);
  checkNodeId(text);
  return { node: text };
}

/** UTC, to the millisecond. */
const utc = (t: number): string => new Date(t * 1000).toISOString().slice(11, 23);

function observer({ ns, telemetry, debug }: MonitorCommandOptions, terminal: Terminal): MonitorOptions {
  const printer = new Printer(terminal, { telemetry, time: utc });
  const traps = new TrapReport(terminal, openTracer(null, debug));
  const times = { of: (tMs: number) => tMs / 1000, now: () => Date.now() / 1000 };
  const printed = printing(terminal, printer, times, traps);
  return {
    ...printed,
    ns,
    ...brokerCredentials(),
    onTelemetry(frame, metric, from) {
      if (terminal.json || !VITAL.test(metric?.name ?? '')) printed.onTelemetry(frame, metric, from);
    },
  };
}

async function monitor(target: string, options: MonitorCommandOptions, terminal: Terminal): Promise<number> {
  const parsed = parseTarget(target);
  const watch = observer(options, terminal);
  const dim = (text: string) => terminal.line(terminal.paint('dim', text));
  if ('open' in parsed) {
    const line = await monitorLine({
      ...watch,
      name: target,
      open: parsed.open,
      broker: parseBroker(options.broker ?? 'embedded:0'),
      onReopened: () => dim(`${target} is open again`),
    });
    terminal.data({ type: 'listening', broker: line.brokerUrl, ns: options.ns });
    dim(`broker ${line.brokerUrl}, also for mote push; Ctrl-C stops it`);
    await interrupted();
    await line.close();
    return Exit.ok;
  }
  const brokerUrl = options.broker ?? DEFAULT_BROKER;
  const end = await monitorNode({ ...watch, brokerUrl, node: parsed.node });
  terminal.data({ type: 'listening', broker: publicUrl(brokerUrl), ns: options.ns });
  dim(`watching ${parsed.node} on ${publicUrl(brokerUrl)}; Ctrl-C stops it`);
  await interrupted();
  end();
  return Exit.ok;
}

export function registerMonitor(program: Command): void {
  addCommand<[string], MonitorCommandOptions>(program, {
    usage: 'monitor <target>',
    description:
      'Prints the log, events, telemetry and updates of a node as they arrive. The target is a serial port (PATH[:BAUD]), a TCP stream (tcp:HOST:PORT) or the id of a node behind a gateway. A port or stream gets a gateway while the command runs.',
    options: [
      ['-b, --broker <url>', `broker to watch; default: ${DEFAULT_BROKER}, or an embedded one for a port or stream`],
      ['--ns <name>', 'first part of every topic', DEFAULT_NAMESPACE],
      DEBUG_OPTION,
      ['--no-telemetry', 'print only log, events and updates'],
    ],
    examples: [
      'mote monitor /dev/ttyACM0',
      'mote monitor tcp:127.0.0.1:4444 --json',
      'mote monitor press-7 --broker mqtts://user@broker.example:8883 --no-telemetry',
    ],
    run: ({ terminal, options, args: [target] }) => monitor(target, options, terminal),
  });
}
