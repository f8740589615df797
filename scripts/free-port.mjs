// A free port of this machine below those that systems give to clients (from 32768 on Linux): a server can listen on it again after it was
// away, because no client that connects meanwhile gets it as its own.
import { createServer } from 'node:net';

export async function freePort() {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 12000);
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
