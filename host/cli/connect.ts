/** Streams that come again: a node's link to its gateway, a serial line that is unplugged and plugged in. */

import { MoteError } from '../error.ts';
import { connectTcp, type Transport } from '../link/index.ts';
import type { Node } from '../node/index.ts';

const FIRST_MS = 250;
const MOST_MS = 10_000;

export interface Address {
  host: string;
  port: number;
}

/** `HOST:PORT` or `PORT`, with or without `tcp://`; `option` is what the user wrote it after. */
export function parseAddress(text: string, option: string): Address {
  const match = /^(?:tcp:\/\/)?(?:(\[[0-9a-fA-F:]+\]|[^:/]+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535)
    throw new MoteError('USAGE', `${option} takes HOST:PORT, such as 127.0.0.1:7878; got "${text}".`);
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port };
}

/**
 * Opens a stream, and opens it again when it has ended, a little later each time. Returns what ends that. `onTrouble` hears why it
 * couldn't be opened, once for each row of failures.
 */
export function keepOpen(
  open: () => Promise<Transport>,
  use: (transport: Transport) => void,
  onTrouble: (text: string) => void,
): () => void {
  let ended = false;
  let delayMs = FIRST_MS;
  let timer: NodeJS.Timeout | undefined;
  const later = () => {
    if (ended) return;
    timer = setTimeout(attempt, delayMs);
    delayMs = Math.min(delayMs * 2, MOST_MS);
  };
  const attempt = () => {
    open().then(
      (transport) => {
        if (ended) return transport.close();
        delayMs = FIRST_MS;
        transport.onClose(later);
        use(transport);
      },
      (error: Error) => {
        if (delayMs === FIRST_MS) onTrouble(error.message);
        later();
      },
    );
  };
  attempt();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

/** Keeps a node on its link. Returns what ends it. */
export function keepConnected(node: Node, { host, port }: Address, onTrouble: (text: string) => void): () => void {
  const stop = keepOpen(
    () => connectTcp(port, host),
    (transport) => node.attach(transport),
    onTrouble,
  );
  return () => {
    stop();
    node.detach();
  };
}
