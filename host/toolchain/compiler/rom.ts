/** Read-only data of one model: equal contents are stored once, everything starts at a multiple of four. */

export class RomBuilder {
  private readonly base: number;
  private readonly chunks: Uint8Array[] = [];
  private readonly known = new Map<string, { bytes: Uint8Array; offset: number }[]>();
  private length = 0;

  /** `base` is the offset of this rom within the module's. Offsets that `add` returns include it. */
  constructor(base: number) {
    this.base = base;
  }

  add(bytes: Uint8Array): number {
    const key = `${bytes.length}:${hash(bytes)}`;
    const candidates = this.known.get(key) ?? [];
    const same = candidates.find((candidate) => equal(candidate.bytes, bytes));
    if (same !== undefined) return same.offset;
    const offset = this.base + this.length;
    this.known.set(key, [...candidates, { bytes, offset }]);
    this.chunks.push(bytes);
    this.length += Math.ceil(bytes.length / 4) * 4;
    return offset;
  }

  get size(): number {
    return this.length;
  }

  bytes(): Uint8Array {
    const rom = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.chunks) {
      rom.set(chunk, at);
      at += Math.ceil(chunk.length / 4) * 4;
    }
    return rom;
  }
}

/** FNV-1a, only to find candidates for a comparison. */
function hash(bytes: Uint8Array): number {
  let state = 0x811c9dc5;
  for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193);
  return state >>> 0;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
