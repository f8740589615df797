/**
 * A board in virtual time: it sleeps until something is due, there or on the simulator's clock, and bytes of its link go over the side
 * channel. Everything else that the simulator does (a shim, a fault plan) is on the same `VirtualClock`.
 */
import type { MoteError } from '../error.ts';
import type { Transport, VirtualClock } from '../link/index.ts';
import { SideChannel, type SideHandlers } from './side.ts';

export interface SideClockOptions extends Pick<SideHandlers, 'sensors' | 'onTap' | 'onDebug' | 'onExit' | 'onHello'> {
  /** The node's work folder. */
  folder: string;
  /** Shows the node's time; at 0 when the node starts. */
  clock: VirtualClock;
  /** The node's end of its link. */
  transport?: Transport;
}

export class SideClock {
  readonly #clock: VirtualClock;
  readonly #channel: SideChannel;
  readonly #transport: Transport | undefined;
  #toNode: Buffer = Buffer.alloc(0);
  /** Half of a frame of the link. */
  #fromNode: Buffer = Buffer.alloc(0);
  #limitUs = 0;
  /** The node sleeps, and the simulator's limit is what it waits for. */
  #asleep: { untilUs: number | null; room: number } | null = null;
  #waiting: { resolve: () => void; reject: (error: MoteError) => void } | null = null;
  #error: MoteError | null = null;

  constructor(options: SideClockOptions) {
    const { folder, clock, transport, sensors, onTap, onDebug, onExit, onHello } = options;
    this.#clock = clock;
    this.#transport = transport;
    transport?.onData((bytes) => {
      this.#toNode = Buffer.concat([this.#toNode, bytes]);
    });
    this.#channel = SideChannel.open(folder, {
      sensors,
      ...(onTap && { onTap }),
      ...(onDebug && { onDebug }),
      ...(onExit && { onExit }),
      ...(onHello && { onHello }),
      onIdle: (idle) => {
        this.#asleep = idle;
        this.#go();
      },
      onLink: (bytes) => this.#link(bytes),
      onError: (error) => this.fail(error),
    });
  }

  /** Everything due up to and at `us` is done, by the node too, when this resolves. Rejects with what `fail` was told. */
  runUntil(us: number): Promise<void> {
    this.#limitUs = us;
    return new Promise((resolve, reject) => {
      if (this.#error !== null) reject(this.#error);
      this.#waiting = { resolve, reject };
      this.#go();
    });
  }

  /** The node is gone: whoever waits for it is told. */
  fail(error: MoteError): void {
    this.#error ??= error;
    this.#waiting?.reject(this.#error);
    this.#waiting = null;
  }

  close(): void {
    this.#channel.close();
  }

  /** Wakes the node at what comes first: bytes for it, its own deadline; or stays at the limit. */
  #go(): void {
    if (this.#asleep === null || this.#waiting === null) return;
    const { room } = this.#asleep;
    const untilUs = this.#asleep.untilUs ?? Number.MAX_SAFE_INTEGER;
    const stopUs = Math.min(untilUs, this.#limitUs);
    const news = () => room > 0 && this.#toNode.length > 0;
    while (!news() && this.#clock.runNext(stopUs));
    if (!news()) {
      this.#clock.runUntil(stopUs);
      if (untilUs > this.#limitUs) {
        const { resolve } = this.#waiting;
        this.#waiting = null;
        resolve();
        return;
      }
    }
    this.#asleep = null;
    const bytes = this.#toNode.subarray(0, room);
    this.#toNode = this.#toNode.subarray(room);
    this.#channel.wake(this.#clock.nowUs(), bytes);
  }

  /** The node's bytes come as its driver took them; a stream with faults is told frames, as another node writes them. */
  #link(bytes: Uint8Array): void {
    let rest = Buffer.concat([this.#fromNode, bytes]);
    for (let zero = rest.indexOf(0); zero >= 0; zero = rest.indexOf(0)) {
      this.#transport?.write(new Uint8Array(rest.subarray(0, zero + 1)));
      rest = rest.subarray(zero + 1);
    }
    this.#fromNode = rest;
  }
}
