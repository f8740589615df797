/** `mote shim`: the other end of nodes' links. Publishes what nodes send over MQTT 5, and sends them what the broker delivers. */
import type { Command } from 'commander';
import { type MoteError, printable, readInput } from '../base/index.ts';
import { DEFAULT_BAUD } from '../device/link/index.ts';
import { parseAllowedNodes, serveGateway } from '../messaging/gateway/index.ts';
import { DEFAULT_NAMESPACE } from '../messaging/topics/index.ts';
import { addCommand, choice, integer, interrupted } from './shared/command.ts';
import { brokerCredentials, parseAddress, parseBroker, parseSerial } from './shared/options.ts';
import type { Terminal } from './shared/terminal.ts';

interface ShimCommandOptions {
  listen: string;
  allow?: string;
  insecure?: boolean;
  broker: string;
  ns: string;
  data: string;
  qos: string;
  payload: string;
  homeAssistant?: string | true;
  serial: string[];
}

const clockOf = (terminal: Terminal) => terminal.paint('dim', new Date().toISOString().slice(11, 19));

function reportProblem(terminal: Terminal, { code, message }: MoteError, node: string | undefined): void {
  terminal.data({ type: 'problem', node: node ?? null, code, message, tMs: Date.now() });
  terminal.line(`${clockOf(terminal)}  ${node ?? ''} ${terminal.paint('yellow', printable(message))} [${code}]`);
}

/** Home Assistant reads JSON, so its option implies it. */
function jsonOf(payload: string, homeAssistant: string | true | undefined): { json?: { discovery?: string } } {
  const wanted = choice(payload, 'payload', ['cbor', 'json']) === 'json' || homeAssistant !== undefined;
  if (!wanted) return {};
  if (homeAssistant === undefined) return { json: {} };
  return { json: { discovery: homeAssistant === true ? 'homeassistant' : homeAssistant } };
}

async function serve(
  { listen, allow, broker, ns, data, qos, payload, ...options }: ShimCommandOptions,
  terminal: Terminal,
) {
  const address = parseAddress(listen, '--listen');
  const serial = options.serial.map(parseSerial);
  const { username, password } = brokerCredentials();
  const states = new Map<string, string>();
  const gateway = await serveGateway({
    broker: parseBroker(broker),
    listen: address,
    serial,
    ...(allow !== undefined && { allowed: parseAllowedNodes(readInput(allow, 'The list of nodes'), allow) }),
    insecure: options.insecure === true,
    ...(username !== undefined && password !== undefined && { credentials: { username, password } }),
    dataDir: data,
    ns,
    ...jsonOf(payload, options.homeAssistant),
    telemetryQos: integer(qos, 'qos', 0, 1) as 0 | 1,
    onNode(node, state) {
      if (states.get(node) === state) return;
      states.set(node, state);
      terminal.data({ type: 'node', node, state, tMs: Date.now() });
      terminal.line(`${clockOf(terminal)}  ${node} ${terminal.paint(state === 'online' ? 'green' : 'yellow', state)}`);
    },
    onProblem: (error, node) => reportProblem(terminal, error, node),
  });
  const { port, brokerUrl, embedded } = gateway;
  terminal.data({ type: 'listening', host: address.host, port, broker: brokerUrl, ns });
  terminal.line(
    `nodes connect to ${address.host}:${port}; broker ${brokerUrl}${embedded ? ' (embedded)' : ''}; topics ${ns}/d/NODE/...`,
  );
  for (const line of serial) terminal.line(`node on ${line.path} at ${line.baud} baud`);
  terminal.line(terminal.paint('dim', 'Ctrl-C stops it.'));
  await interrupted();
  terminal.line('stopping ...');
  await gateway.close();
  return 0;
}

export function registerShim(program: Command): void {
  addCommand<[], ShimCommandOptions>(program, {
    usage: 'shim',
    description:
      "Runs a gateway: accepts links of nodes and connects them to MQTT 5. Messages that can't be delivered wait on disk. Starts an embedded broker unless --broker names another.",
    options: [
      ['-l, --listen <host:port>', 'address at which nodes connect', '127.0.0.1:7878'],
      [
        '-a, --allow <file>',
        'JSON file with the names of the nodes that may connect, and their credentials for the broker',
      ],
      ['--insecure', 'accept nodes of any name from other machines'],
      [
        '-b, --broker <url>',
        'mqtt://host:port, mqtts://..., or embedded[:port]; user and password in it, or in MOTE_MQTT_USER and MOTE_MQTT_PASSWORD',
        'embedded',
      ],
      ['-s, --serial <path[:baud]...>', `also serve a board on a serial port; default: ${DEFAULT_BAUD} baud`],
      ['--ns <name>', 'first part of every topic', DEFAULT_NAMESPACE],
      ['--data <dir>', 'folder of the queue and of the retained messages of the embedded broker', '.mote/gateway'],
      ['--qos <0|1>', 'QoS of telemetry; with 1 it waits on disk while the broker is away', '1'],
      ['--payload <cbor|json>', 'json: also publish states, telemetry and events as JSON on NS/json/NODE/...', 'cbor'],
      [
        '--home-assistant [prefix]',
        "publish Home Assistant's MQTT discovery below PREFIX, homeassistant by default; implies --payload json",
      ],
    ],
    examples: [
      'mote shim',
      'mote shim --broker mqtt://127.0.0.1:1883 --listen 0.0.0.0:7878 --allow nodes.json',
      'mote shim --serial /dev/ttyACM0',
      'mote shim --broker mqtt://homeassistant.local --home-assistant',
      "mosquitto_sub -V 5 -t 'mote/d/#' -v       (in another terminal, to watch)",
    ],
    run: ({ terminal, options }) => serve(options, terminal),
  });
}
