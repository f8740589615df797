/**
 * A board in virtual time. It sleeps until something is due, on the board or on the simulator's clock, and its link uses the simulator
 * channel. Everything else in the simulator (a shim, a fault plan) runs on the same `VirtualClock`.
 */
import type { MoteError, VirtualClock } from '../../base/index.ts';
import type { Transport } from '../../device/link/index.ts';
import { SimChannel, type SimHandlers } from './sim-channel.ts';

export interface SimClockOptions extends Pick<SimHandlers, 'sensors' | 'onTap' | 'onDebug' | 'onExit' | 'onHello'> {
  /** The node's work folder. */
  folder: string;
  /** The simulator's time. The node's time begins at 0 with each of its starts. */
  clock: VirtualClock;
  /** The node's end of its link. */
  transport?: Transport;
}

export class SimClock {
  readonly #clock: VirtualClock;
  #startUs: number;
  readonly #channel: SimChannel;
  readonly #transport: Transport | undefined;
  #toNode: Buffer = Buffer.alloc(0);
  /** An incomplete frame of the link. */
  #fromNode: Buffer = Buffer.alloc(0);
  #limitUs = 0;
  /** The node sleeps until the simulator's limit. */
  #asleep: { untilUs: number | null; room: number } | null = null;
  #waiting: { resolve: () => void; reject: (error: MoteError) => void } | null = null;
  #error: MoteError | null = null;
  readonly #work = { totalUs: 0, longestUs: 0 };
  /** The processor's time at its last sleep. */
  #workedUs = 0;

  constructor(options: SimClockOptions) {
    const { folder, clock, transport, sensors, onTap, onDebug, onExit, onHello } = options;
    this.#clock = clock;
    this.#startUs = clock.nowUs();
    this.#transport = transport;
    transport?.onData((bytes) => {
      this.#toNode = Buffer.concat([this.#toNode, bytes]);
    });
    this.#channel = SimChannel.open(folder, {
      sensors,
      ...(onTap && { onTap }),
      ...(onDebug && { onDebug }),
      ...(onExit && { onExit }),
      onHello: (board) => {
        // The node has started, perhaps not for the first time.
        this.#startUs = clock.nowUs();
        this.#workedUs = 0;
        onHello?.(board);
      },
      onIdle: (idle) => {
        this.#account(idle.workedUs);
        this.#asleep = idle;
        this.#go();
      },
      onLink: (bytes) => this.#link(bytes),
      onError: (error) => this.fail(error),
    });
  }

  /**
   * Processor time since the first start, by the processor's own clock, and the longest time between two sleeps. In QEMU with `icount` a
   * microsecond is 1000 instructions.
   */
  get work(): { totalUs: number; longestUs: number } {
    return { ...this.#work };
  }

  /** Resolves when everything that is due up to and at `us` is done, by the node too. Rejects with the error given to `fail`. */
  runUntil(us: number): Promise<void> {
    this.#limitUs = us;
    return new Promise((resolve, reject) => {
      if (this.#error !== null) reject(this.#error);
      this.#waiting = { resolve, reject };
      this.#go();
    });
  }

  /** The node is about to restart by itself: its requests get no answer. */
  restarting(): void {
    this.#asleep = null;
  }

  /** The node has ended: rejects whoever waits for it. */
  fail(error: MoteError): void {
    this.#error ??= error;
    this.#waiting?.reject(this.#error);
    this.#waiting = null;
  }

  close(): void {
    this.#channel.close();
  }

  #account(workedUs: number): void {
    const us = workedUs - this.#workedUs;
    this.#workedUs = workedUs;
    this.#work.totalUs += us;
    this.#work.longestUs = Math.max(this.#work.longestUs, us);
  }

  /** Wakes the node for bytes or at its own deadline, whichever is first, or stops at the limit. */
  #go(): void {
    if (this.#asleep === null || this.#waiting === null) return;
    const { room } = this.#asleep;
    const untilUs = this.#asleep.untilUs === null ? Number.MAX_SAFE_INTEGER : this.#startUs + this.#asleep.untilUs;
    const stopUs = Math.min(untilUs, this.#limitUs);
    const news = () => room > 0 && this.#toNode.length > 0;
    while (!news() && this.#clock.runNext(stopUs));
    // Bytes that arrive at the same time are one read.
    while (news() && this.#clock.runNext(this.#clock.nowUs()));
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
    this.#channel.wake(this.#clock.nowUs() - this.#startUs, bytes);
  }

  /** The node's bytes arrive as its driver accepted them. A stream with faults gets whole frames, as another node writes them. */
  #link(bytes: Uint8Array): void {
    let rest = Buffer.concat([this.#fromNode, bytes]);
    for (let zero = rest.indexOf(0); zero >= 0; zero = rest.indexOf(0)) {
      this.#transport?.write(new Uint8Array(rest.subarray(0, zero + 1)));
      rest = rest.subarray(zero + 1);
    }
    this.#fromNode = rest;
  }
}
