/**
 * Splits the byte stream into whole MQTT packets (section 2.1). The parser behind it gets one packet at a time, and a hostile length can't
 * make the framer buffer more than `maxBytes`.
 */
import { MoteError } from '../../base/index.ts';

export class Framer {
  /** Largest packet, fixed header included, that is accepted. */
  maxBytes: number;
  #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes of an incomplete packet. */
  get buffered(): number {
    return this.#size;
  }

  /**
   * Adds `chunk` and yields the packets that are complete now, as views where possible. A caller that stops early gets
   * the rest from the next call.
   * Throws `MQTT_MALFORMED` (length field) or `MQTT_TOO_LARGE`; then the stream is unusable.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void> {
    if (chunk.length > 0) this.#chunks.push(chunk);
    this.#size += chunk.length;
    for (let need = this.#packetBytes(); need > 0 && need <= this.#size; need = this.#packetBytes()) {
      yield this.#take(need);
    }
  }

  /** Bytes of the packet at the front, 0 while its length isn't complete. */
  #packetBytes(): number {
    let length = 0;
    for (let i = 1; i <= 4; i++) {
      const byte = this.#at(i);
      if (byte === undefined) return 0;
      length += (byte & 0x7f) * 128 ** (i - 1);
      if (byte < 0x80) {
        const total = 1 + i + length;
        if (total > this.maxBytes) {
          throw new MoteError(
            'MQTT_TOO_LARGE',
            `The broker sent a packet of ${total} bytes, more than the ${this.maxBytes} that the client announced; raise maximumPacketBytes or check what it sends.`,
          );
        }
        return total;
      }
    }
    throw new MoteError('MQTT_MALFORMED', 'The broker sent a length of more than four bytes; is this an MQTT port?');
  }

  #at(index: number): number | undefined {
    let rest = index;
    for (const chunk of this.#chunks) {
      if (rest < chunk.length) return chunk[rest];
      rest -= chunk.length;
    }
    return undefined;
  }

  #take(bytes: number): Uint8Array {
    const first = this.#chunks[0]!;
    const all = first.length >= bytes ? first : Buffer.concat(this.#chunks);
    const rest = all.subarray(bytes);
    this.#chunks = all === first ? this.#chunks.slice(1) : [];
    if (rest.length > 0) this.#chunks.unshift(rest);
    this.#size -= bytes;
    return all.subarray(0, bytes);
  }
}
