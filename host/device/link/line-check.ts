/** Finds out why no node answers on a line: no power, a wrong speed, another program, a loose wire. */
import type { Clock } from '../../base/index.ts';
import { FrameDecoder } from './frame.ts';
import type { Transport } from './transport.ts';

/**
 * Longer than a node takes to answer, even when the first four hellos of the link are lost (400 ms, doubled each time).
 */
const QUIET_MS = 5000;

export interface LineCheck {
  /** As the user wrote it. */
  name: string;
  /** Whether the link is up: a node answers. */
  up(): boolean;
  clock: Clock;
  /** Receives each reason once. */
  report(text: string): void;
}

/** Returns the same stream. Watches what arrives on it until a node has answered. */
export function checkLine(transport: Transport, { name, up, clock, report }: LineCheck): Transport {
  const decoder = new FrameDecoder();
  let bytes = 0;
  let frames = 0;
  let reported = '';
  let listening = true;
  const reason = () => {
    if (frames > 0) return `Frames of a node arrive on ${name}, but it doesn't answer; check the line to the board.`;
    if (bytes > 0)
      return `Bytes arrive on ${name} that are not frames of the link: wrong baud rate, or another program on the board.`;
    return `Nothing arrived on ${name} for ${QUIET_MS / 1000} s; check that the board has power and runs a moteware agent.`;
  };
  const look = () => {
    listening = !up();
    if (!listening) return;
    if (reason() !== reported) report(reason());
    reported = reason();
    cancel = clock.after(QUIET_MS, look);
  };
  let cancel = clock.after(QUIET_MS, look);
  return {
    write: (out) => transport.write(out),
    onData: (listener) =>
      transport.onData((part) => {
        if (listening) {
          bytes += part.length;
          decoder.push(part, () => frames++);
        }
        listener(part);
      }),
    onClose: (listener) =>
      transport.onClose(() => {
        cancel();
        listener();
      }),
    close: () => transport.close(),
  };
}
