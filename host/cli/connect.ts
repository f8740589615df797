/** Keeps a node on its link: connects, and connects again when the stream ends, a little later each time. */

import { MoteError } from '../error.ts';
import { connectTcp } from '../link/index.ts';
import type { Node } from '../node/index.ts';

const FIRST_MS = 250;
const MOST_MS = 10_000;

export interface Address {
  host: string;
  port: number;
}

/** `HOST:PORT` or `PORT`, with or without `tcp://`. */
export function parseAddress(text: string, option: string): Address {
  const match = /^(?:tcp:\/\/)?(?:(\[[0-9a-fA-F:]+\]|[^:/]+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535)
    throw new MoteError('USAGE', `--${option} takes HOST:PORT, such as 127.0.0.1:7878; got "${text}".`);
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port };
}

/** Returns what ends it. `onTrouble` hears why a connection wasn't made, once for each row of failures. */
export function keepConnected(node: Node, { host, port }: Address, onTrouble: (text: string) => void): () => void {
  let ended = false;
  let delayMs = FIRST_MS;
  let timer: NodeJS.Timeout | undefined;
  const later = () => {
    if (ended) return;
    timer = setTimeout(attempt, delayMs);
    delayMs = Math.min(delayMs * 2, MOST_MS);
  };
  const attempt = () => {
    connectTcp(port, host).then(
      (transport) => {
        if (ended) return transport.close();
        delayMs = FIRST_MS;
        transport.onClose(later);
        node.attach(transport);
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
    node.detach();
  };
}
