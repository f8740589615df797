/** A whole gateway: a broker or a connection to one, a shim, and the ports on which nodes link to it. */
import { join } from 'node:path';
import { MoteError } from '../../base/index.ts';
import { keepOpen, listenTcp, openSerial } from '../../device/link/index.ts';
import { type BrokerChoice, isLoopback, openBroker, publicUrl } from '../broker/index.ts';
import type { AllowedNodes, Credentials } from './allowed-nodes.ts';
import { Shim } from './shim.ts';
import type { ShimOptions } from './shim-options.ts';

export interface SerialLine {
  path: string;
  baud: number;
}

export interface GatewayOptions extends Pick<ShimOptions, 'ns' | 'telemetryQos' | 'json' | 'onNode' | 'onProblem'> {
  /** The nodes that may connect. Default: all, which beyond this machine needs `insecure`. */
  allowed?: AllowedNodes;
  /** Nodes of any name may connect from other machines. */
  insecure?: boolean;
  /** Towards the broker, for nodes without their own; default: those of the address. */
  credentials?: Credentials;
  broker: BrokerChoice;
  /** Where nodes link to over TCP. Port 0: any free one. */
  listen: { host: string; port: number };
  /** Boards on serial ports. A line is reopened whenever it ends. */
  serial: readonly SerialLine[];
  /** Folder of the queues, of what an embedded broker retains, and of messages that could not be delivered. */
  dataDir: string;
}

export interface Gateway {
  /** Without user and password. */
  brokerUrl: string;
  /** Whether the broker is the embedded one, which ends with the gateway. */
  embedded: boolean;
  /** The TCP port on which nodes link. */
  port: number;
  close(): Promise<void>;
}

/**
 * Resolves when nodes can link. Throws `LINK_OPEN`, and what opening the broker, the queues or the TCP port throws.
 * Reports `LINK_OPEN` if other machines can connect.
 */
export async function serveGateway(options: GatewayOptions): Promise<Gateway> {
  const { listen, serial, dataDir, broker: choice, allowed, insecure, credentials, ...shimOptions } = options;
  const onProblem = options.onProblem ?? (() => {});
  const open = openness(listen.host, allowed, insecure === true);
  const broker = await openBroker(choice, {
    dataDir: join(dataDir, 'retained'),
    onProblem: (error) => onProblem(error, undefined),
  });
  let shim: Shim | undefined;
  const close = async () => {
    await shim?.close();
    await broker.close();
  };
  try {
    const opened = new Shim({
      ...shimOptions,
      ...(allowed !== undefined && { allowNode: (node: string) => allowed.has(node) }),
      credentials: (node) => allowed?.get(node) ?? credentials,
      ...(credentials !== undefined && { gatewayCredentials: credentials }),
      brokerUrl: broker.url,
      queueDir: join(dataDir, 'queue'),
      deadLetterDir: join(dataDir, 'dead-letters'),
    });
    shim = opened;
    const listener = await listenTcp(listen.port, (transport, host) => opened.accept(transport, host), listen.host);
    const report = (text: string) => onProblem(new MoteError('SERIAL', text), undefined);
    if (open !== null) onProblem(open, undefined);
    const lines = serial.map((line) => serveSerial(opened, line, report));
    return {
      brokerUrl: publicUrl(broker.url),
      embedded: broker.embedded,
      port: listener.port,
      async close() {
        for (const stop of lines) stop();
        await listener.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * What other machines can do at a listener on `host`, or null if they can't reach it. Throws the same if nobody decided
 * that: neither is there a list of nodes, nor is it meant to be open.
 */
function openness(host: string, allowed: AllowedNodes | undefined, insecure: boolean): MoteError | null {
  if (isLoopback(host)) return null;
  const names = allowed === undefined ? 'as any node' : 'under any of the allowed names';
  const risk = `whoever reaches ${host} can connect ${names}, receive that node's package, configuration and commands, and report in its name, because links are neither authenticated nor encrypted`;
  if (allowed !== undefined || insecure)
    return new MoteError('LINK_OPEN', `Nodes connect from other machines: ${risk}.`);
  throw new MoteError('LINK_OPEN', `Refused to listen: ${risk}. Name the nodes with --allow FILE, or add --insecure.`);
}

/** Keeps a serial line on the shim while boards are plugged in and out. Returns a function that ends it. */
function serveSerial(shim: Shim, { path, baud }: SerialLine, onTrouble: (text: string) => void): () => void {
  const port = shim.port(path);
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
