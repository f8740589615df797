/** Streams that come again: a node's link to its gateway, a serial line that is unplugged and plugged in. */

import { MoteError } from '../base/index.ts';
import { connectTcp, type Transport } from '../device/link/index.ts';
import type { Node } from '../device/node/index.ts';

const FIRST_MS = 250;
const MOST_MS = 10_000;
/** A stream that ends sooner is one more failure: a server that closes each connection isn't asked ever again at once. */
const STEADY_MS = 1000;

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
 * couldn't be opened, once for each reason in a row of failures; `onLost` that one ended which had been open for a while.
 */
export function keepOpen(
  open: () => Promise<Transport>,
  use: (transport: Transport) => void,
  onTrouble: (text: string) => void,
  onLost: () => void = () => {},
): () => void {
  let ended = false;
  let failures = 0;
  let told = '';
  let timer: NodeJS.Timeout | undefined;
  const failed = (text: string) => {
    if (ended) return;
    if (text !== told) onTrouble(text);
    told = text;
    timer = setTimeout(attempt, Math.min(FIRST_MS * 2 ** failures, MOST_MS));
    failures++;
  };
  const opened = (transport: Transport) => {
    if (ended) return transport.close();
    let steady = false;
    timer = setTimeout(() => {
      steady = true;
      failures = 0;
      told = '';
    }, STEADY_MS);
    transport.onClose(() => {
      clearTimeout(timer);
      if (ended) return;
      if (!steady) return failed('The stream ended as soon as it was open; does another program use its other end?');
      onLost();
      timer = setTimeout(attempt, FIRST_MS);
    });
    use(transport);
  };
  const attempt = () => {
    open().then(opened, (error: Error) => failed(error.message));
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
