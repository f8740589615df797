/** Reopens a stream that ends: a node's link to its gateway, a serial line that is unplugged and plugged in. */
import type { Transport } from './transport.ts';

const FIRST_MS = 250;
const MAX_MS = 10_000;
/**
 * A stream that ends sooner counts as a failure, so that a server that closes each connection is not asked again at
 * once.
 */
const STEADY_MS = 1000;

/**
 * Opens a stream and reopens it whenever it ends, with a growing delay between failed attempts. Returns a function that
 * stops this. `onTrouble` receives the reason of a failed attempt, once for each reason in a series of failures.
 * `onLost` is called when a stream ends that had been open for at least a second.
 */
export function keepOpen(
  open: () => Promise<Transport>,
  use: (transport: Transport) => void,
  onTrouble: (text: string) => void,
  onLost: () => void = () => {},
): () => void {
  let ended = false;
  let failures = 0;
  let reported = '';
  let timer: NodeJS.Timeout | undefined;
  const failed = (text: string) => {
    if (ended) return;
    if (text !== reported) onTrouble(text);
    reported = text;
    timer = setTimeout(attempt, Math.min(FIRST_MS * 2 ** failures, MAX_MS));
    failures++;
  };
  const opened = (transport: Transport) => {
    if (ended) return transport.close();
    let steady = false;
    timer = setTimeout(() => {
      steady = true;
      failures = 0;
      reported = '';
    }, STEADY_MS);
    transport.onClose(() => {
      clearTimeout(timer);
      if (ended) return;
      if (!steady) return failed('The stream ended as soon as it was open: does another program use its other end?');
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
