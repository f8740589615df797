/** A whole gateway: a broker or a connection to one, a shim, and the ports on which nodes link to it. */
import { join } from 'node:path';
import { MoteError } from '../../base/index.ts';
import { keepOpen, listenTcp, openSerial } from '../../device/link/index.ts';
import { type BrokerChoice, openBroker, publicUrl } from '../broker/index.ts';
import { Shim } from './shim.ts';
import type { ShimOptions } from './shim-options.ts';

export interface SerialLine {
  path: string;
  baud: number;
}

export interface GatewayOptions extends Pick<ShimOptions, 'ns' | 'telemetryQos' | 'onNode' | 'onProblem'> {
  broker: BrokerChoice;
  /** Where nodes link to over TCP. Port 0: any free one. */
  listen: { host: string; port: number };
  /** Boards on serial ports. A line is reopened whenever it ends. */
  serial: readonly SerialLine[];
  /** Folder of the queues, of what an embedded broker retains, and of messages that can't be handled. */
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

/** Resolves when nodes can link. Throws what opening the broker, the queues or the TCP port throws. */
export async function serveGateway(options: GatewayOptions): Promise<Gateway> {
  const { listen, serial, dataDir, broker: choice, ...shimOptions } = options;
  const onProblem = options.onProblem ?? (() => {});
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
      brokerUrl: broker.url,
      queueDir: join(dataDir, 'queue'),
      deadLetterDir: join(dataDir, 'dead-letters'),
    });
    shim = opened;
    const listener = await listenTcp(listen.port, (transport) => opened.accept(transport), listen.host);
    const report = (text: string) => onProblem(new MoteError('SERIAL', text), undefined);
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

/** Keeps a serial line on the shim while boards are plugged in and out. Returns a function that ends it. */
function serveSerial(shim: Shim, { path, baud }: SerialLine, onTrouble: (text: string) => void): () => void {
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
