/** The content of frames: the four packets of the session protocol, little-endian. Format: docs/spec/link.md. */
import { LinkConstant, PacketKind } from '../../base/abi/index.ts';

const { maxMessageBytes, maxWindow, helloBytes, dataHeadBytes, ackBytes } = LinkConstant;

/** Opens or resumes a session on a stream. */
export interface Hello {
  kind: 'hello';
  /** False requests an answer: the sender hasn't been named by the other end on this stream yet. */
  ready: boolean;
  /** Session of the sender, 1 to 2^32 - 1; a new one if it lost its state. */
  session: number;
  /** Session of the receiver as the sender knows it; 0 for none. */
  peer: number;
  /** Number of the data packet that the sender of this hello expects next. */
  next: number;
  /** Data packets in flight that the sender accepts. */
  window: number;
  /** Longest message that the sender accepts, in bytes. */
  maxBytes: number;
}
export interface Data {
  kind: 'data';
  seq: number;
  /** All packets before this number have arrived. */
  ack: number;
  body: Uint8Array;
}
/** `ack` confirms the packets before `ack`; `nak` also requests everything from there on again. */
export interface Ack {
  kind: 'ack' | 'nak';
  ack: number;
}
export type Packet = Hello | Data | Ack;

export function encodePacket(packet: Packet): Uint8Array {
  const version = LinkConstant.version << 4;
  if (packet.kind === 'data') {
    const out = new Uint8Array(dataHeadBytes + packet.body.length);
    const view = new DataView(out.buffer);
    view.setUint8(0, version | PacketKind.data);
    view.setUint16(1, packet.seq, true);
    view.setUint16(3, packet.ack, true);
    out.set(packet.body, dataHeadBytes);
    return out;
  }
  const out = new Uint8Array(packet.kind === 'hello' ? helloBytes : ackBytes);
  const view = new DataView(out.buffer);
  if (packet.kind === 'hello') {
    view.setUint8(0, version | PacketKind.hello);
    view.setUint8(1, packet.ready ? 1 : 0);
    view.setUint32(2, packet.session, true);
    view.setUint32(6, packet.peer, true);
    view.setUint16(10, packet.next, true);
    view.setUint8(12, packet.window);
    view.setUint16(13, packet.maxBytes, true);
  } else {
    view.setUint8(0, version | PacketKind[packet.kind]);
    view.setUint16(1, packet.ack, true);
  }
  return out;
}

/**
 * Parses a packet of this version with a message of at most `maxBytes` bytes; returns null for anything else. The body
 * of a data packet is a view into `content`.
 */
export function parsePacket(content: Uint8Array, maxBytes: number = maxMessageBytes): Packet | null {
  if (content.length < ackBytes || content[0]! >> 4 !== LinkConstant.version) return null;
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  switch (content[0]! & 15) {
    case PacketKind.hello:
      return parseHello(view);
    case PacketKind.data:
      if (content.length <= dataHeadBytes || content.length > dataHeadBytes + maxBytes) return null;
      return {
        kind: 'data',
        seq: view.getUint16(1, true),
        ack: view.getUint16(3, true),
        body: content.subarray(dataHeadBytes),
      };
    case PacketKind.ack:
    case PacketKind.nak:
      if (content.length !== ackBytes) return null;
      return { kind: (content[0]! & 15) === PacketKind.ack ? 'ack' : 'nak', ack: view.getUint16(1, true) };
    default:
      return null;
  }
}

function parseHello(view: DataView): Hello | null {
  if (view.byteLength !== helloBytes || view.getUint8(1) > 1) return null;
  const session = view.getUint32(2, true);
  const window = view.getUint8(12);
  const maxBytes = view.getUint16(13, true);
  if (session === 0 || window === 0 || window > maxWindow || maxBytes === 0) return null;
  return {
    kind: 'hello',
    ready: view.getUint8(1) === 1,
    session,
    peer: view.getUint32(6, true),
    next: view.getUint16(10, true),
    window,
    maxBytes,
  };
}
