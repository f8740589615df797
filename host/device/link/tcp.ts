/** Links over TCP, such as from a simulated node to its shim. Loopback by default, because a link has no encryption. */
import { connect, createServer, type Socket } from 'node:net';
import { MoteError } from '../../base/index.ts';
import type { Transport } from './transport.ts';

/**
 * A peer that reads nothing is disconnected when this much waits for it; it may reconnect. Eight times the largest
 * window.
 */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export function socketTransport(socket: Socket): Transport {
  socket.setNoDelay(true);
  // An 'error' is always followed by 'close', which the session handles.
  socket.on('error', () => {});
  return {
    write(bytes) {
      if (socket.destroyed) return;
      // A few bytes can request a whole window again; a peer that requests and never reads would fill the memory.
      if (socket.writableLength > MAX_WAITING_BYTES) socket.destroy();
      else socket.write(bytes);
    },
    onData(listener) {
      socket.on('data', listener);
    },
    onClose(listener) {
      // A socket that closed before anybody listened emits no further event.
      if (socket.closed) setImmediate(listener);
      else socket.once('close', listener);
    },
    close() {
      // Queued bytes are sent first.
      socket.end();
      socket.destroySoon();
    },
  };
}

/** Connects to a listener. Throws `LINK_CONNECT`; its message suggests to start `expected`. */
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

/** Listens for nodes; port 0 selects any free port. Throws `LINK_LISTEN`. */
export function listenTcp(
  port: number,
  onConnection: (transport: Transport, host: string) => void,
  host = '127.0.0.1',
): Promise<TcpListener> {
  return new Promise((resolve, reject) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      onConnection(socketTransport(socket), socket.remoteAddress ?? '');
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
