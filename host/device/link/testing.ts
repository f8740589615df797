/** For tests of serial links: a pseudo-terminal, which is configured and read as a UART is. */
import { spawn, spawnSync } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Transport } from './transport.ts';

const available = process.platform === 'linux' && spawnSync('python3', ['-c', 'import pty']).status === 0;
/** The reason why a test is skipped, to be added to its name; null if it can run. */
export const NEEDS_PTY = available ? null : ', skipped: needs Linux and python3 (apt-get install python3)';

/**
 * Script of the far end: prints the near end's name on the first line, then copies raw bytes to stdout and from stdin.
 */
const FAR = `
import os, pty, select
far, near = pty.openpty()
print(os.ttyname(near), flush=True)
while True:
    ready, _, _ = select.select([far, 0], [], [])
    if far in ready: os.write(1, os.read(far, 4096))
    if 0 in ready:
        data = os.read(0, 4096)
        if not data: break
        os.write(far, data)`;

export interface Pty {
  /** Path to open as a serial port. */
  path: string;
  /** The other end, the board's. */
  far(): Transport;
  /** Unplugs the line. */
  close(): Promise<void>;
}

/** Resolves as soon as `count` bytes have arrived, with all bytes so far. */
export function arrived(from: Readable, count: number): Promise<Buffer> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    from.on('data', function more(chunk: Buffer) {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length < count) return;
      from.off('data', more);
      resolve(bytes);
    });
  });
}

export async function openPty(): Promise<Pty> {
  const child = spawn('python3', ['-c', FAR], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const path = (await arrived(child.stdout, 5)).toString().trim();
  return {
    path,
    far: () => ({
      // Like a socket, a stream that has been closed drops what is written to it: a timer of the session may still write.
      write: (bytes) => void (child.stdin.writable && child.stdin.write(bytes)),
      onData: (listener) => void child.stdout.on('data', listener),
      onClose: (listener) => void ended.then(listener),
      close: () => void child.stdin.end(),
    }),
    close() {
      child.stdin.end();
      return ended;
    },
  };
}
