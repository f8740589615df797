/** A small client of QEMU's debug port: writes memory while the machine is stopped (GDB Remote Serial Protocol). */
import { connect, type Socket } from 'node:net';

const checksum = (body: string) =>
  (Buffer.from(body).reduce((sum, byte) => sum + byte, 0) & 0xff).toString(16).padStart(2, '0');

class Stub {
  readonly #socket: Socket;
  #text = '';
  #received: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => {
      this.#text += bytes.toString('latin1');
      this.#received();
    });
  }

  /** Sends a packet; resolves with the body of the answer. */
  async ask(body: string): Promise<string> {
    this.#socket.write(`$${body}#${checksum(body)}`);
    for (;;) {
      const packet = /\$([^#]*)#[0-9a-f]{2}/.exec(this.#text);
      if (packet !== null) {
        this.#text = this.#text.slice(packet.index + packet[0].length);
        this.#socket.write('+');
        // The stub reports unasked that the machine has stopped.
        if (!packet[1]!.startsWith('T')) return packet[1]!;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#received = resolve;
      });
    }
  }
}

async function dial(port: number): Promise<Socket> {
  for (let attempt = 0; ; attempt++) {
    const socket = connect(port, '127.0.0.1');
    const error = await new Promise<Error | null>((resolve) => {
      socket.once('connect', () => resolve(null));
      socket.once('error', resolve);
    });
    if (error === null) return socket;
    if (attempt === 50) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Stops the machine, writes `bytes` at `address`, also where the processor can't, and lets it continue. Returns the old
 * bytes.
 */
export async function patch(port: number, address: number, bytes: Uint8Array): Promise<Uint8Array> {
  const socket = await dial(port);
  try {
    const stub = new Stub(socket);
    const place = `${address.toString(16)},${bytes.length.toString(16)}`;
    const before = await stub.ask(`m${place}`);
    const answer = await stub.ask(`M${place}:${Buffer.from(bytes).toString('hex')}`);
    if (answer !== 'OK') throw new Error(`the debug port answers ${answer} to a write at ${address.toString(16)}`);
    await stub.ask('D');
    return new Uint8Array(Buffer.from(before, 'hex'));
  } finally {
    socket.destroy();
  }
}
