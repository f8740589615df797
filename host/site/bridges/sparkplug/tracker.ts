/** Which edge nodes a host has to ask for their births: those of which it missed a message. */
import type { Clock } from '../../../base/index.ts';
import { readSparkplug, sparkplugPlace } from '../../decode/index.ts';

interface Edge {
  /** Of the next message; null: no birth is in force. */
  seq: number | null;
  bdSeq: string | null;
  readonly devices: Set<string>;
  /** When it was asked last, in microseconds of the clock. */
  askedUs: number;
}

const MAX_EDGES = 10_000;
const MAX_DEVICES = 10_000;
/** An edge node that doesn't answer is asked again after this time. */
const ASK_US = 60_000_000;

export class Tracker {
  readonly #clock: Clock;
  readonly #edges = new Map<string, Edge>();
  /** Messages that don't follow the one before, or have no birth. */
  gaps = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Edge nodes that were seen since the start. */
  get count(): number {
    return this.#edges.size;
  }

  /** Takes a message in its order. Returns the edge node that is to publish its births again, as `GROUP/EDGE`; mostly null. */
  see(topic: string, payload: Uint8Array): string | null {
    const place = sparkplugPlace(topic);
    if (place === null) return null;
    const read = contentOf(payload, place.type === 'NBIRTH' || place.type === 'NDEATH');
    // What is no payload is for the decoder to refuse.
    if (read === null) return null;
    const name = `${place.group}/${place.edge}`;
    let edge = this.#edges.get(name);
    if (edge === undefined) {
      if (this.#edges.size >= MAX_EDGES) return null;
      edge = { seq: null, bdSeq: null, devices: new Set(), askedUs: Number.NEGATIVE_INFINITY };
      this.#edges.set(name, edge);
    }
    if (place.type === 'NDEATH') {
      // The death of an earlier connection comes late.
      if (edge.seq !== null && read.bdSeq === edge.bdSeq) edge.seq = null;
      return null;
    }
    if (place.type === 'NBIRTH') {
      edge.devices.clear();
      edge.bdSeq = read.bdSeq;
      edge.seq = 0;
    }
    const follows = edge.seq !== null && read.seq === edge.seq;
    if (edge.seq !== null && read.seq !== null) edge.seq = (read.seq + 1) % 256;
    const known = this.#follow(edge, place.type, place.device);
    if (follows && known) return null;
    this.gaps++;
    const nowUs = this.#clock.nowUs();
    if (nowUs - edge.askedUs < ASK_US) return null;
    edge.askedUs = nowUs;
    return name;
  }

  /** Returns whether the device of a message has a birth. */
  #follow({ devices }: Edge, type: string, device: string): boolean {
    if (type === 'DDATA') return devices.has(device);
    if (type === 'DDEATH') devices.delete(device);
    if (type === 'DBIRTH' && devices.size < MAX_DEVICES) devices.add(device);
    return true;
  }
}

function contentOf(payload: Uint8Array, ofEdge: boolean): { seq: number | null; bdSeq: string | null } | null {
  try {
    const read = readSparkplug(payload);
    const bdSeq = ofEdge ? read.metrics.find(({ name }) => name === 'bdSeq')?.value : undefined;
    return { seq: read.seq ?? null, bdSeq: bdSeq === undefined ? null : String(bdSeq) };
  } catch {
    return null;
  }
}
