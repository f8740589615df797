/**
 * Shared by the tests of the whole chain: the keyword app as packages, its recording, and a node behind a real TCP link
 * in virtual time.
 */
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { packagePath, type VirtualClock } from '../host/base/index.ts';
import { loadEngine } from '../host/device/engine/index.ts';
import { connectTcp, listenTcp, type TcpListener } from '../host/device/link/index.ts';
import {
  type EventRecord,
  Node,
  type NodeState,
  provision,
  repeat,
  volatileFlash,
  wavSource,
} from '../host/device/node/index.ts';
import { buildPackage, generateKeyPair } from '../host/device/package/index.ts';
import type { Shim } from '../host/messaging/gateway/index.ts';
import { buildApp, type ManifestOverride } from '../host/toolchain/build/index.ts';

export const speech = (file: string): string => packagePath('recordings', 'speech', file);
export const app = (name: string): string => packagePath('assembly', 'apps', name);
export const microphone = (file: string) => wavSource(readFileSync(speech(file)));

/** Short enough that answers on a link arrive before its next resend. */
const TURN_US = 1000;

export const keys = generateKeyPair();

/** Returns an app of this repository, built and signed. */
export async function release(name: string, manifest: ManifestOverride): Promise<Uint8Array> {
  const { wasm, rom, metadata, sequence } = await buildApp(app(name), { manifest });
  return buildPackage({ wasm, rom, metadata, sequence, privateKey: keys.privateKey });
}

/**
 * A TCP connection that breaks repeatedly after a number of bytes in both directions together; bytes under way are
 * lost.
 */
export class FrayedCable {
  /** Number of breaks so far. */
  cuts = 0;
  /** Number of bytes that reached the node. */
  down = 0;
  #left = Number.POSITIVE_INFINITY;
  #next: () => number = () => Number.POSITIVE_INFINITY;
  readonly #server = createServer((socket) => this.#join(socket));
  readonly #sockets = new Set<Socket>();
  readonly #targetPort: number;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  }

  /** `next` returns the number of bytes until the next break, now and after each one; infinity: no further break. */
  fray(next: () => number): void {
    this.#next = next;
    this.#left = next();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #join(node: Socket): void {
    const shim = connect(this.#targetPort, '127.0.0.1');
    const end = () => {
      node.destroy();
      shim.destroy();
    };
    const pass = (from: Socket, to: Socket) => {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        end();
      });
      from.on('data', (bytes) => {
        if (to.destroyed || to.writableEnded) return;
        const part = bytes.subarray(0, this.#left);
        this.#left -= part.length;
        if (to === node) this.down += part.length;
        if (this.#left > 0) {
          to.write(part);
          return;
        }
        this.cuts++;
        this.#left = this.#next();
        to.end(part, end);
      });
    };
    pass(node, shim);
    pass(shim, node);
  }
}

/**
 * A keyword node on a real link. Its time is virtual and advances a little at each turn of the event loop, so that
 * sockets and brokers keep up whatever else the machine does, and no sample depends on that.
 */
export class KeywordWorld {
  readonly clock: VirtualClock;
  readonly node: Node;
  readonly events: EventRecord[] = [];
  readonly states: NodeState[] = [];
  readonly #listener: TcpListener;
  #port: number;
  #running = true;

  /**
   * Starts a node. The shim must use `clock` for its nodes. `first` is the package that the node is provisioned with.
   */
  static async start(clock: VirtualClock, shim: Shim, id: string, first: Uint8Array): Promise<KeywordWorld> {
    const engine = await loadEngine('wasm3');
    const listener = await listenTcp(0, (transport) => shim.accept(transport));
    return new KeywordWorld(clock, listener, (hooks) => {
      const flash = volatileFlash();
      provision(flash, 1, first);
      const sensors = [{ name: 'microphone', source: repeat(microphone('stream.wav')) }];
      return new Node({ id, engine, clock, sensors, flash, publicKeys: [keys.publicKey], link: {}, hooks });
    });
  }

  private constructor(
    clock: VirtualClock,
    listener: TcpListener,
    make: (hooks: ConstructorParameters<typeof Node>[0]['hooks']) => Node,
  ) {
    this.clock = clock;
    this.#listener = listener;
    this.#port = listener.port;
    this.node = make({
      onEvent: (event) => this.events.push(event),
      onState: (state) => this.states.push(state),
    });
    this.node.start();
    this.#connect();
    this.#turn();
  }

  /** Faults of modules, also of those on trial. */
  get faults(): string[] {
    return this.states.flatMap((state) => (state.kind === 'fault' ? [`${state.during}: ${state.reason.text}`] : []));
  }

  get listeningAt(): number {
    return this.#listener.port;
  }

  /** Moves the link to another port; resolves when the node has begun to leave the old one. */
  async linkThrough(port: number): Promise<void> {
    await this.until(() => this.node.status().link?.up === true);
    this.#port = port;
    this.node.detach();
  }

  /** Runs until `test` returns true. */
  async until(test: () => boolean): Promise<void> {
    while (!test()) await new Promise((resolve) => setImmediate(resolve));
  }

  async close(): Promise<void> {
    this.#running = false;
    this.node.close();
    await this.#listener.close();
  }

  #turn(): void {
    if (!this.#running) return;
    this.clock.runUntil(this.clock.nowUs() + TURN_US);
    setImmediate(() => this.#turn());
  }

  #connect(): void {
    if (!this.#running) return;
    connectTcp(this.#port).then((transport) => {
      if (!this.#running) return transport.close();
      transport.onClose(() => this.#connect());
      this.node.attach(transport);
    });
  }
}
