/**
 * A session delivers every message exactly once and in order between two running ends, over streams that come and go.
 *
 * The protocol is Go-back-N with a small window: the receiver stores no out-of-order frame, which suits a
 * microcontroller. Sequence numbers have 16 bits and count within a pair of sessions. The hello on each new stream
 * contains the sender's session, the session that it knows of the other end, and the next packet that it expects. An
 * interrupted pair therefore continues where it stopped. An end that lost its state uses a new session number, and the
 * other end calls `onPeer`. A message is acknowledged after its handler has returned, or after the promise that it
 * returned has resolved: what was acknowledged is as durable as the handler made it.
 */
import { LinkConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import { encodeMessage, isNodeMessage, parseMessage } from './codec.ts';
import { encodeFrame, FrameDecoder } from './frame.ts';
import type { Message, NodeMessage, ShimMessage } from './messages.ts';
import type { DownReason, LinkOptions, LinkStats } from './options.ts';
import { encodePacket, type Hello, type Packet, parsePacket } from './packet.ts';
import { SendWindow } from './send-window.ts';
import { storedBytes } from './stored.ts';
import type { Transport } from './transport.ts';
import { Unsettled } from './unsettled.ts';

export class LinkSession<Out extends Message, In extends Message> {
  readonly #options: LinkOptions<Out, In>;
  readonly #accepts: (message: Message) => message is In;
  readonly #mayWait: boolean;
  readonly #window: number;
  readonly #queueLimit: number;
  readonly #queueBytes: number;
  readonly #maxBytes: number;
  readonly #resendMs: number;
  readonly #keepAliveMs: number;
  readonly #decoder: FrameDecoder;
  readonly #counts = { sent: 0, received: 0, resent: 0, duplicates: 0, gaps: 0, badPackets: 0, badMessages: 0 };
  #transport: Transport | null = null;
  #session: number;
  #peer = 0;
  #peerWindow = 1;
  #peerMaxBytes: number = LinkConstant.maxMessageBytes;
  #up = false;
  #closed = false;
  #wantsDrain = false;
  #paused = false;
  readonly #outgoing = new SendWindow<Out>();
  // Receiving.
  #expected = 0;
  readonly #unsettled = new Unsettled();
  /** The message whose handler runs. */
  #handling: number | null = null;
  #ackDue = false;
  #nakSent = false;
  /** Messages accepted from the present read. */
  #taken = 0;
  /** Until then no window is sent again for a nak, and no new peer is accepted. */
  #nextResendUs = 0;
  #nextPeerUs = 0;
  // Time.
  #backoffMs: number;
  #lastReceivedUs = 0;
  #lastSentUs = 0;
  #cancelResend: (() => void) | null = null;
  #cancelAlive: (() => void) | null = null;

  /**
   * `mayWait`: handlers may return promises. Then a packet that a handler sends doesn't acknowledge the message of that
   * handler.
   */
  constructor(
    options: LinkOptions<Out, In>,
    { accepts, mayWait }: { accepts: (message: Message) => message is In; mayWait: boolean },
  ) {
    this.#options = options;
    this.#accepts = accepts;
    this.#mayWait = mayWait;
    this.#window = Math.min(Math.max(options.window ?? LinkConstant.window, 1), LinkConstant.maxWindow);
    this.#queueLimit = Math.max(options.queueLimit ?? LinkConstant.queueMessages, 1);
    this.#queueBytes = options.queueBytes ?? Number.POSITIVE_INFINITY;
    this.#maxBytes = Math.min(
      Math.max(options.maxBytes ?? LinkConstant.maxMessageBytes, 1),
      LinkConstant.maxMessageBytes,
    );
    this.#decoder = new FrameDecoder(this.#maxBytes + LinkConstant.maxHeadBytes);
    this.#resendMs = options.resendMs ?? LinkConstant.resendMs;
    this.#backoffMs = this.#resendMs;
    this.#keepAliveMs = options.keepAliveMs ?? LinkConstant.keepAliveMs;
    this.#session = options.newSessionId() >>> 0 || 1;
  }

  /** True if both ends have named each other on the present stream. */
  get up(): boolean {
    return this.#up;
  }
  /** The session of the other end: the same until that end loses its state. 0 before its first hello. */
  get peerSession() {
    return this.#peer;
  }
  /** Number of messages that aren't acknowledged yet. */
  get queued(): number {
    return this.#outgoing.length;
  }
  /** Number of messages that `send` accepts at once. */
  get room(): number {
    return this.#queueLimit - this.#outgoing.length;
  }
  /** Longest message that the other end accepts; the protocol's maximum until its hello arrives. */
  get peerMaxBytes(): number {
    return this.#peerMaxBytes;
  }
  /** Bytes that the unacknowledged messages, or those selected by `counts`, take in a node's memory. */
  queuedBytes(counts: (message: Out) => boolean = () => true): number {
    return this.#outgoing.bytes(counts);
  }
  get stats(): LinkStats {
    return { ...this.#counts, badFrames: this.#decoder.errors };
  }

  /** Continues on a new stream. A previous stream is closed. Throws `LINK_CLOSED` after `close`. */
  attach(transport: Transport): void {
    if (this.#closed) throw new MoteError('LINK_CLOSED', 'This link session is closed; make a new one.');
    this.#drop('detached');
    this.#transport = transport;
    this.#decoder.reset();
    this.#lastReceivedUs = this.#options.clock.nowUs();
    this.#nextResendUs = 0;
    this.#nextPeerUs = 0;
    transport.onData((bytes) => {
      if (this.#transport === transport) this.#receive(bytes);
    });
    transport.onClose(() => {
      if (this.#transport === transport) this.#drop('closed');
    });
    this.#startHello();
    this.#watchSilence();
  }

  /** Closes the stream; queue and session stay for the next `attach`. */
  detach(): void {
    this.#drop('detached');
  }

  close(): void {
    this.#closed = true;
    this.#drop('detached');
    this.#outgoing.restart();
  }

  /**
   * Queues a message, whether the link is up or not. Returns false and drops it if the queue is full: wait for `onDrain`.
   * Throws `LINK_MESSAGE` for one that exceeds its limits, `LINK_TOO_LARGE` if it is too long for the peer, `LINK_CLOSED`.
   */
  send(message: Out): boolean {
    if (this.#closed) throw new MoteError('LINK_CLOSED', 'This link session is closed; make a new one.');
    const body = encodeMessage(message);
    if (body.length > this.#peerMaxBytes) {
      throw new MoteError(
        'LINK_TOO_LARGE',
        `A ${message.type} message has ${body.length} bytes, but the other end accepts ${this.#peerMaxBytes}; make it smaller.`,
      );
    }
    const cost = storedBytes(message, body.length);
    if (this.room <= 0 || (this.queued > 0 && this.queuedBytes() + cost > this.#queueBytes)) {
      this.#wantsDrain = true;
      return false;
    }
    this.#outgoing.push(message, body, cost);
    this.#pump();
    return true;
  }

  /** Accepts no more messages until `resume`. The other end's window fills, and it waits. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#up) this.#write({ kind: 'nak', ack: this.#acknowledged });
  }

  /** All messages before this number are acknowledged. */
  get #acknowledged(): number {
    return this.#unsettled.first ?? this.#handling ?? this.#expected;
  }

  #write(packet: Packet): void {
    this.#lastSentUs = this.#options.clock.nowUs();
    if (packet.kind !== 'hello') this.#ackDue = false;
    this.#transport?.write(encodeFrame(encodePacket(packet)));
  }

  #hello(): void {
    this.#write({
      kind: 'hello',
      ready: this.#up,
      session: this.#session,
      peer: this.#peer,
      next: this.#acknowledged,
      window: this.#window,
      maxBytes: this.#maxBytes,
    });
  }

  #startHello(): void {
    this.#backoffMs = this.#resendMs;
    // A zero first: it ends the rest of an older frame that may be on the line.
    this.#transport?.write(Uint8Array.of(0));
    this.#hello();
    this.#schedule();
  }

  /** One timer: it repeats the hello while the link is down, and otherwise the window. */
  #schedule(): void {
    this.#cancelResend?.();
    this.#cancelResend = null;
    if (this.#transport === null || (this.#up && this.#outgoing.inFlight === 0)) return;
    this.#cancelResend = this.#options.clock.after(this.#backoffMs, () => {
      this.#backoffMs = Math.min(this.#backoffMs * 2, this.#resendMs * LinkConstant.maxBackoffFactor);
      if (this.#up) this.#resend();
      else this.#hello();
      this.#schedule();
    });
  }

  #watchSilence(): void {
    this.#cancelAlive?.();
    this.#cancelAlive = this.#options.clock.after(this.#keepAliveMs, () => {
      const sinceMs = (us: number) => (this.#options.clock.nowUs() - us) / 1000;
      this.#watchSilence();
      if (!this.#up) return;
      if (sinceMs(this.#lastReceivedUs) >= LinkConstant.silentKeepAlives * this.#keepAliveMs) {
        this.#goDown('silent');
        this.#startHello();
      } else if (sinceMs(this.#lastSentUs) >= this.#keepAliveMs) {
        this.#write({ kind: 'ack', ack: this.#acknowledged });
      }
    });
  }

  #isBefore(us: number): boolean {
    return this.#options.clock.nowUs() < us;
  }

  #goDown(why: DownReason): void {
    if (!this.#up) return;
    this.#up = false;
    this.#outgoing.rewind();
    this.#ackDue = false;
    this.#options.onDown?.(why);
  }

  #drop(why: DownReason): void {
    const transport = this.#transport;
    if (transport === null) return;
    this.#transport = null;
    this.#cancelResend?.();
    this.#cancelAlive?.();
    this.#cancelResend = null;
    this.#cancelAlive = null;
    this.#ackDue = false;
    if (why !== 'closed') transport.close();
    this.#goDown(why);
  }

  #receive(bytes: Uint8Array): void {
    const transport = this.#transport;
    this.#lastReceivedUs = this.#options.clock.nowUs();
    this.#taken = 0;
    this.#decoder.push(bytes, (content) => {
      // A handler may have replaced the stream.
      if (this.#transport !== transport) return;
      const packet = parsePacket(content, this.#maxBytes);
      if (packet === null) this.#counts.badPackets++;
      else if (packet.kind === 'hello') this.#onHello(packet);
      else if (this.#up) this.#onTraffic(packet);
    });
    if (this.#ackDue && this.#up) this.#write({ kind: 'ack', ack: this.#acknowledged });
  }

  #onHello(hello: Hello): void {
    const transport = this.#transport;
    if (hello.session !== this.#peer) {
      // Ignored for now: the peer repeats its hello.
      if (this.#isBefore(this.#nextPeerUs)) return;
      this.#nextPeerUs = this.#options.clock.nowUs() + LinkConstant.floodUs;
      this.#adopt(hello);
    }
    // A handler may have replaced the stream; this hello is then outdated.
    if (this.#transport !== transport) return;
    if (hello.peer === this.#session) {
      if (!this.#acknowledge(hello.next) && !hello.ready) {
        // The peer knows this session but not what it received: one end lost its state. Start a new session.
        this.#renew();
        return;
      }
      const wasUp = this.#up;
      this.#up = true;
      if (!hello.ready) {
        this.#hello();
        this.#outgoing.rewind();
      }
      if (!wasUp) this.#options.onUp?.();
      this.#pump();
      this.#schedule();
    } else {
      if (!hello.ready) this.#hello();
      this.#schedule();
    }
  }

  /** Accepts a peer that is new to this session. */
  #adopt(hello: Hello): void {
    this.#peer = hello.session;
    this.#peerWindow = hello.window;
    this.#peerMaxBytes = Math.min(hello.maxBytes, LinkConstant.maxMessageBytes);
    this.#restart();
  }

  #renew(): void {
    this.#session = this.#options.newSessionId() >>> 0 || 1;
    this.#restart();
    if (this.#transport !== null) this.#startHello();
  }

  #restart(): void {
    const pending = this.#outgoing.restart();
    this.#expected = 0;
    this.#unsettled.clear();
    this.#nakSent = false;
    this.#goDown('restarted');
    if (this.#options.onPeer !== undefined) this.#options.onPeer(pending);
    else for (const message of pending) this.#sendAgain(message);
  }

  /** Sends a pending message to a new peer. A message that is too long for it is dropped. */
  #sendAgain(message: Out): void {
    try {
      this.send(message);
    } catch (error) {
      if (!(error instanceof MoteError) || error.code !== 'LINK_TOO_LARGE') throw error;
    }
  }

  #onTraffic(packet: Exclude<Packet, Hello>): void {
    this.#acknowledge(packet.ack);
    if (packet.kind === 'nak' && !this.#isBefore(this.#nextResendUs)) {
      this.#nextResendUs = this.#options.clock.nowUs() + LinkConstant.floodUs;
      this.#resend();
    }
    if (packet.kind === 'data') this.#onData(packet.seq, packet.body);
    this.#pump();
  }

  #onData(seq: number, body: Uint8Array): void {
    const ahead = (seq - this.#expected) & 0xffff;
    if (ahead !== 0) {
      // Behind: a repeated packet, whose acknowledgement was lost. Ahead: a packet is missing; request it once.
      if (ahead >= 0x8000) {
        this.#counts.duplicates++;
        this.#ackDue = true;
      } else if (!this.#nakSent && !this.#paused) {
        this.#counts.gaps++;
        this.#nakSent = true;
        this.#write({ kind: 'nak', ack: this.#acknowledged });
      }
      return;
    }
    // A read with more than a window of messages doesn't come from a correct peer, and limits what a flood can do.
    if (this.#paused || this.#taken >= this.#window) return;
    this.#taken++;
    this.#expected = (this.#expected + 1) & 0xffff;
    this.#nakSent = false;
    const due = this.#ackDue;
    this.#ackDue = true;
    let message: Message;
    try {
      message = parseMessage(body);
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      this.#counts.badMessages++;
      return;
    }
    if (!this.#accepts(message)) {
      this.#counts.badMessages++;
      return;
    }
    this.#counts.received++;
    if (this.#mayWait) this.#handling = seq;
    const handled = this.#options.onMessage(message);
    this.#handling = null;
    if (!(handled instanceof Promise)) return;
    this.#ackDue &&= due;
    this.#unsettled.add(seq, handled, () => this.#acknowledgeSoon());
  }

  /** Acknowledges messages that became durable together by one packet. */
  #acknowledgeSoon(): void {
    if (this.#ackDue) return;
    this.#ackDue = true;
    queueMicrotask(() => {
      if (this.#ackDue && this.#up) this.#write({ kind: 'ack', ack: this.#acknowledged });
    });
  }

  /** Removes all messages before `next` from the queue. Returns false for a number that was never sent. */
  #acknowledge(next: number): boolean {
    const count = this.#outgoing.acknowledge(next);
    if (count === null) return false;
    if (count === 0) return true;
    this.#backoffMs = this.#resendMs;
    this.#schedule();
    if (this.#wantsDrain && this.room > 0) {
      this.#wantsDrain = false;
      this.#options.onDrain?.();
    }
    return true;
  }

  #resend(): void {
    this.#outgoing.rewind();
    this.#pump();
  }

  #pump(): void {
    const window = Math.min(this.#window, this.#peerWindow);
    const idle = this.#outgoing.inFlight === 0;
    while (this.#up) {
      const next = this.#outgoing.next(window);
      if (next === null) break;
      if (next.again) this.#counts.resent++;
      else this.#counts.sent++;
      this.#write({ kind: 'data', seq: next.seq, ack: this.#acknowledged, body: next.body });
    }
    if (idle && this.#outgoing.inFlight > 0) this.#schedule();
  }
}

const fromShim = (message: Message): message is ShimMessage => !isNodeMessage(message);

/** The node's end. */
export type NodeLink = LinkSession<NodeMessage, ShimMessage>;
/** The shim's end. */
export type ShimLink = LinkSession<ShimMessage, NodeMessage>;

export function nodeLink(options: LinkOptions<NodeMessage, ShimMessage>): NodeLink {
  return new LinkSession(options, { accepts: fromShim, mayWait: false });
}
export function shimLink(options: LinkOptions<ShimMessage, NodeMessage>): ShimLink {
  return new LinkSession(options, { accepts: isNodeMessage, mayWait: true });
}
