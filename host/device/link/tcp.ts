/** Links over TCP: a simulated node and its shim on one machine. Loopback unless told otherwise, for a link has no encryption. */
import { connect, createServer, type Socket } from 'node:net';
import { MoteError } from '../../base/index.ts';
import type { Transport } from './transport.ts';

/** A peer that takes nothing while this much waits for it is cut off; it comes again and goes on. Eight times the largest window. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export function socketTransport(socket: Socket): Transport {
  socket.setNoDelay(true);
  // An 'error' is always followed by 'close', which is what a session needs to know.
  socket.on('error', () => {});
  return {
    write(bytes) {
      if (socket.destroyed) return;
      // A few bytes can ask for a whole window again: who asks and never reads would fill our memory.
      if (socket.writableLength > MAX_WAITING_BYTES) socket.destroy();
      else socket.write(bytes);
    },
    onData(listener) {
      socket.on('data', listener);
    },
    onClose(listener) {
      // One that ended before anybody listened says nothing more by itself.
      if (socket.closed) setImmediate(listener);
      else socket.once('close', listener);
    },
    close() {
      // What was written goes out first.
      socket.end();
      socket.destroySoon();
    },
  };
}

/** Connects, or throws `LINK_CONNECT`, which asks whether `expected` is running there. */
export function connectTcp(port: number, host = '127.0.0.1', expected = 'its gateway'): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    const failed = (cause: Error) =>
      reject(
        new MoteError(
          'LINK_CONNECT',
          `Nothing answers at ${host}:${port} (${cause.message}); is ${expected} running?`,
          {
            cause,
          },
        ),
      );
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      resolve(socketTransport(socket));
    });
  });
}

export interface TcpListener {
  readonly port: number;
  /** Ends the listener and every connection. */
  close(): Promise<void>;
}

/** Listens for nodes (port 0: any free one), or throws `LINK_LISTEN`. */
export function listenTcp(
  port: number,
  onConnection: (transport: Transport) => void,
  host = '127.0.0.1',
): Promise<TcpListener> {
  return new Promise((resolve, reject) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      onConnection(socketTransport(socket));
    });
    server.once('error', (cause) =>
      reject(
        new MoteError('LINK_LISTEN', `Can't listen at ${host}:${port} (${cause.message}); choose another port.`, {
          cause,
        }),
      ),
    );
    server.listen(port, host, () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : port,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}
