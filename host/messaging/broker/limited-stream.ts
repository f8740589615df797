/**
 * A stream between a socket and aedes that enforces the limits of an MQTT 5 client's CONNECT, which aedes 2.0.0-beta.1 reads but ignores.
 * At most `receive maximum` messages of QoS 1 and 2 are in flight to the client (MQTT 5 section 3.1.2.11.3); the others wait here in order.
 * A message above the client's `maximum packet size` is dropped as if it had been delivered (section 3.1.2.11.4).
 *
 * Until the broker has accepted the CONNECT, the client gets little: a small packet, and what it sends behind it is not
 * read.
 *
 * QoS 2 is rejected, and CONNACK announces that: two PUBREL for one packet make aedes leave a rejected promise, which ends the process.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { GatewayConstant } from '../../base/abi/index.ts';
import { Framer } from '../mqtt/index.ts';

const CONNECT = 1;
const CONNACK = 2;
const PUBLISH = 3;
const PUBACK = 4;
/** PUBREC, PUBREL, PUBCOMP: packets of QoS 2 only. */
const QOS_2_TYPES: ReadonlySet<number> = new Set([5, 6, 7]);
const SUCCESS = 0;
const TOO_LARGE = 0x95;
const QOS_NOT_SUPPORTED = 0x9b;
/** The limit of waiting bytes for one client. A slower client is disconnected and gets the rest when it resumes its session. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

function parse(frame: Uint8Array): Packet | undefined {
  const parser = mqttPacket.parser({ protocolVersion: 5 });
  let found: Packet | undefined;
  parser.on('packet', (packet: Packet) => {
    found = packet;
  });
  // aedes gets the same bytes and ends the connection.
  parser.on('error', () => {});
  try {
    parser.parse(Buffer.from(frame));
  } catch {
    return undefined;
  }
  return found;
}

/** Returns the offset of a packet's variable header. */
function bodyOf(frame: Uint8Array): number {
  let at = 1;
  while ((frame[at++] ?? 0) >= 0x80);
  return at;
}

function packetId(frame: Uint8Array, at: number): number {
  return ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
}

function publishId(frame: Uint8Array): number {
  const at = bodyOf(frame);
  return packetId(frame, at + 2 + packetId(frame, at));
}

function isQos2(frame: Uint8Array): boolean {
  const type = frame[0]! >> 4;
  return QOS_2_TYPES.has(type) || (type === PUBLISH && (frame[0]! & 4) !== 0);
}

function withoutQos2(frame: Uint8Array): Uint8Array {
  const packet = parse(frame);
  if (packet?.cmd !== 'connack') return frame;
  const properties = { ...packet.properties, maximumQoS: 1 };
  return mqttPacket.generate({ ...packet, properties }, { protocolVersion: 5 });
}

export interface StreamEvents {
  /** The client has sent its first packet, and it is a CONNECT. The broker needs no state of the client before. */
  connect(): void;
  /** The broker has accepted the client. */
  accepted(): void;
}

export class LimitedStream extends Duplex {
  readonly #socket: Socket;
  readonly #fromClient: Framer;
  readonly #fromBroker = new Framer(Number.POSITIVE_INFINITY);
  readonly #inflight = new Set<number>();
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #receiveMaximum = 65535;
  #maximumPacketBytes = Number.POSITIVE_INFINITY;
  #connected = false;
  #accepted = false;
  #version5 = false;
  readonly #packetBytes: number;
  readonly #on: StreamEvents;

  constructor(socket: Socket, maximumPacketBytes: number, on: StreamEvents) {
    super();
    this.#socket = socket;
    this.#packetBytes = maximumPacketBytes;
    this.#on = on;
    this.#fromClient = new Framer(Math.min(maximumPacketBytes, GatewayConstant.brokerConnectBytes));
    socket.on('data', (chunk: Buffer) => this.#data(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  override _read(): void {
    if (!this.#waits) this.#socket.resume();
  }

  /** The broker has not answered the CONNECT yet. */
  get #waits(): boolean {
    return this.#connected && !this.#accepted;
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#flow(chunk, done);
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    this.#flow(Buffer.concat(chunks.map((c) => c.chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#held = [];
    this.#socket.destroy();
    done(error);
  }

  /** Passes whole packets only, so that an answer inserted here never splits another packet. */
  #data(chunk: Buffer): void {
    let more = true;
    try {
      for (const frame of this.#fromClient.push(chunk)) {
        if (isQos2(frame)) {
          this.#refuse(QOS_NOT_SUPPORTED);
          return;
        }
        if (!this.#connected && frame[0]! >> 4 !== CONNECT) {
          this.destroy();
          return;
        }
        this.#heard(frame);
        more = this.push(frame);
        if (this.#waits) break;
      }
    } catch {
      // Too large, or not MQTT.
      this.#refuse(TOO_LARGE);
      return;
    }
    if (!more || this.#waits) this.#socket.pause();
  }

  #refuse(reason: number): void {
    this.#socket.removeAllListeners('data');
    if (!this.#accepted) {
      // Nothing more is read from a stranger.
      this.destroy();
      return;
    }
    if (this.#version5) this.#socket.write(Buffer.of(0xe0, 1, reason));
    this.#socket.end();
    this.push(null);
  }

  #heard(frame: Uint8Array): void {
    const type = frame[0]! >> 4;
    if (!this.#connected) {
      this.#connected = true;
      this.#on.connect();
      const packet = parse(frame);
      if (packet?.cmd !== 'connect' || packet.protocolVersion !== 5) return;
      this.#version5 = true;
      this.#receiveMaximum = packet.properties?.receiveMaximum ?? 65535;
      this.#maximumPacketBytes = packet.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    } else if (type === PUBACK) {
      this.#inflight.delete(packetId(frame, bodyOf(frame)));
      this.#release();
    }
  }

  /** Sends what the limits allow; the rest waits. */
  #flow(bytes: Uint8Array, done: (error?: Error | null) => void): void {
    const out: Uint8Array[] = [];
    for (const frame of this.#fromBroker.push(bytes)) {
      if (frame[0]! >> 4 === CONNACK) {
        if (frame[bodyOf(frame) + 1] === SUCCESS) this.#accept();
        out.push(this.#version5 ? withoutQos2(frame) : frame);
      } else if (this.#passes(frame)) out.push(frame);
    }
    if (this.#heldBytes > MAX_HELD_BYTES) {
      done(new Error('the client acknowledges too slowly'));
      return;
    }
    if (out.length === 0) done();
    else this.#socket.write(out.length === 1 ? out[0]! : Buffer.concat(out), done);
  }

  #accept(): void {
    this.#accepted = true;
    this.#fromClient.maxBytes = this.#packetBytes;
    this.#on.accepted();
    // What the client has sent behind its CONNECT.
    setImmediate(() => {
      if (this.destroyed) return;
      this.#socket.resume();
      this.#data(Buffer.alloc(0));
    });
  }

  #passes(frame: Uint8Array): boolean {
    if (frame[0]! >> 4 !== PUBLISH) return true;
    const acknowledged = (frame[0]! & 6) !== 0;
    if (frame.length > this.#maximumPacketBytes) {
      if (acknowledged) this.#pretendAcknowledged(publishId(frame));
      return false;
    }
    if (!acknowledged) return true;
    if (this.#held.length === 0 && this.#inflight.size < this.#receiveMaximum) {
      this.#inflight.add(publishId(frame));
      return true;
    }
    this.#held.push(frame);
    this.#heldBytes += frame.length;
    return false;
  }

  #release(): void {
    while (this.#held.length > 0 && this.#inflight.size < this.#receiveMaximum) {
      const frame = this.#held.shift()!;
      this.#heldBytes -= frame.length;
      this.#inflight.add(publishId(frame));
      this.#socket.write(frame);
    }
  }

  #pretendAcknowledged(id: number): void {
    const answer = Buffer.of(0x40, 2, id >> 8, id & 255);
    setImmediate(() => {
      if (!this.destroyed) this.push(answer);
    });
  }
}
