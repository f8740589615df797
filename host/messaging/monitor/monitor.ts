/** Watches one node live: on a serial line or stream, through a gateway of its own, or on the broker that its gateway uses. */
import { backgroundClock, MoteError } from '../../base/index.ts';
import { checkLine, keepOpen, type Transport } from '../../device/link/index.ts';
import { type BrokerChoice, openBroker, publicUrl } from '../broker/index.ts';
import { NEVER_SEEN, Shim } from '../gateway/index.ts';
import { type NodeObserver, type WatchOptions, watchNodes } from './watch.ts';

/** A broker delivers the retained state of a node at once; this is for a slow one. */
const RETAINED_MS = 3000;
/** Messages that others send to a node are no sign of it. */
const TO_NODE = /\/(cmd|cfg|desired)$/;

export interface MonitorOptions extends NodeObserver, Pick<WatchOptions, 'ns' | 'username' | 'password'> {
  /** Problems of payloads, of the gateway and of the line. */
  onProblem(error: MoteError, node?: string): void;
}

export interface LineMonitorOptions extends MonitorOptions {
  /** Opens the stream to the node. It is called again whenever the stream ends. */
  open(): Promise<Transport>;
  /** The line as the user wrote it, for reports. */
  name: string;
  broker: BrokerChoice;
  /** The stream is open again after it was lost. */
  onReopened?(): void;
}

export interface LineMonitor {
  /** Without user and password. */
  brokerUrl: string;
  close(): Promise<void>;
}

/** Starts a gateway for one line. Throws what the first `open` throws, and what a broker and a shim throw. */
export async function monitorLine(options: LineMonitorOptions): Promise<LineMonitor> {
  const { open, name, broker: choice, onReopened, ...watch } = options;
  const { ns, onProblem } = options;
  // First of all: a port that doesn't exist is most likely a typing mistake.
  const first = await open();
  const closing: (() => void | Promise<void>)[] = [() => first.close()];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const broker = await openBroker(choice, { onProblem });
    closing.push(() => broker.close());
    const shim = new Shim({ brokerUrl: broker.url, ns, onProblem });
    closing.push(() => shim.close());
    closing.push(await watchNodes({ ...watch, brokerUrl: broker.url, node: '+' }));
    const port = shim.port();
    let next: Transport | null = first;
    let lost = false;
    const trouble = (text: string) => {
      lost = true;
      onProblem(new MoteError('LINK', text));
    };
    const again = async () => {
      const transport = next ?? (await open());
      next = null;
      return transport;
    };
    const attach = (transport: Transport) => {
      if (lost) onReopened?.();
      lost = false;
      const report = (text: string) => onProblem(new MoteError('LINK', text));
      port.attach(checkLine(transport, { name, up: () => port.link.up, clock: backgroundClock, report }));
    };
    closing.push(
      keepOpen(again, attach, trouble, () =>
        trouble(`The stream to ${name} ended. It is reopened as soon as possible.`),
      ),
    );
    return { brokerUrl: publicUrl(broker.url), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Watches a node on a broker. Resolves with a function that ends it. Reports `NODE_UNKNOWN` when the broker knows nothing of the node.
 * Throws `MQTT_...` when the broker can't be reached.
 */
export async function monitorNode(
  options: MonitorOptions & Pick<WatchOptions, 'brokerUrl' | 'node'>,
): Promise<() => void> {
  const { node, ns, onProblem } = options;
  let seen = false;
  const unwatch = await watchNodes({
    ...options,
    onMessage(message, from) {
      seen ||= !TO_NODE.test(message.topic);
      options.onMessage?.(message, from);
    },
  });
  const cancel = backgroundClock.after(RETAINED_MS, () => {
    if (seen) return;
    const text = `Node ${node} ${NEVER_SEEN}, below ${ns}/: check its name, --broker and --ns. Its messages appear as soon as it connects.`;
    onProblem(new MoteError('NODE_UNKNOWN', text));
  });
  return () => {
    cancel();
    unwatch();
  };
}
