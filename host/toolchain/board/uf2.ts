/**
 * UF2: the format of bootloaders that appear as a USB drive. github.com/microsoft/uf2, README.md: blocks of 512 bytes, each with its address,
 * so that they may arrive in any order; family numbers from utils/uf2families.json.
 */
import { MoteError } from '../../base/index.ts';
import { hex32, type Image, joinSegments, type Segment } from './segments.ts';

interface Family {
  id: number;
  /**
   * The unit that a file must fill completely. The RP2040's boot ROM erases the sector of 4096 bytes in which a block begins, and its erratum
   * E14 loses blocks of an incomplete sector. Other chips accept any 256 bytes.
   */
  sectorBytes: number;
}

export const UF2_FAMILIES = {
  nrf52840: { id: 0xada5_2840, sectorBytes: 256 },
  rp2040: { id: 0xe48b_ff56, sectorBytes: 4096 },
  stm32f4: { id: 0x5775_5a57, sectorBytes: 256 },
  esp32c3: { id: 0xd42b_a06c, sectorBytes: 256 },
} as const satisfies Record<string, Family>;
export type Uf2Family = keyof typeof UF2_FAMILIES;

const MAGIC_START = [0x0a32_4655, 0x9e5d_5157] as const;
const MAGIC_END = 0x0ab1_6f30;
const NOT_MAIN_FLASH = 0x1;
const FILE_CONTAINER = 0x1000;
const FAMILY = 0x2000;
const BLOCK_BYTES = 512;
const HEADER_BYTES = 32;
const MAX_PAYLOAD_BYTES = 476;
/** "256 is always correct." */
const PAYLOAD_BYTES = 256;

/** Every block has 256 bytes at a multiple of 256. Bytes that the image doesn't have are ff. */
export function writeUf2(image: Image, family: Uf2Family): Uint8Array {
  const { id, sectorBytes } = UF2_FAMILIES[family];
  const sectors = fill(image.segments, sectorBytes);
  const count = (sectors.length * sectorBytes) / PAYLOAD_BYTES;
  const out = Buffer.alloc(count * BLOCK_BYTES);
  for (let i = 0; i < count; i++) {
    const offset = i * PAYLOAD_BYTES;
    const sector = sectors[Math.floor(offset / sectorBytes)]!;
    const within = offset % sectorBytes;
    const block = out.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES);
    const header = [...MAGIC_START, FAMILY, sector.address + within, PAYLOAD_BYTES, i, count, id];
    for (const [at, word] of header.entries()) block.writeUInt32LE(word, at * 4);
    block.set(sector.bytes.subarray(within, within + PAYLOAD_BYTES), HEADER_BYTES);
    block.writeUInt32LE(MAGIC_END, BLOCK_BYTES - 4);
  }
  return out;
}

/** The whole sectors that the segments touch, in order. */
function fill(segments: readonly Segment[], sectorBytes: number): Segment[] {
  const sectors = new Map<number, Uint8Array>();
  for (const { address, bytes } of segments) {
    for (let at = 0; at < bytes.length; ) {
      const here = address + at;
      const start = here - (here % sectorBytes);
      const sector = sectors.get(start) ?? new Uint8Array(sectorBytes).fill(0xff);
      sectors.set(start, sector);
      const count = Math.min(start + sectorBytes - here, bytes.length - at);
      sector.set(bytes.subarray(at, at + count), here - start);
      at += count;
    }
  }
  return [...sectors].map(([address, bytes]) => ({ address, bytes }));
}

/**
 * Reads a file of one family, with blocks in any order. Throws `IMAGE_UF2` for a file that a strict bootloader would reject, and what
 * `joinSegments` throws.
 */
export function readUf2(bytes: Uint8Array): Image & { family: number | null } {
  if (bytes.length === 0 || bytes.length % BLOCK_BYTES !== 0)
    throw new MoteError(
      'IMAGE_UF2',
      `A UF2 file consists of blocks of ${BLOCK_BYTES} bytes; ${bytes.length} bytes are truncated or have another format.`,
    );
  const count = bytes.length / BLOCK_BYTES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const segments: Segment[] = [];
  const seen = new Set<number>();
  let family: number | null = null;
  for (let i = 0; i < count; i++) {
    const word = (at: number) => view.getUint32(i * BLOCK_BYTES + at, true);
    const bad = (why: string) => new MoteError('IMAGE_UF2', `Block ${i} of the UF2 file ${why}.`);
    if (word(0) !== MAGIC_START[0] || word(4) !== MAGIC_START[1] || word(508) !== MAGIC_END)
      throw bad('has no UF2 signature');
    const flags = word(8);
    const payload = word(16);
    const number = word(20);
    if (flags & FILE_CONTAINER) throw bad('contains a part of a file, not of a flash');
    if (payload === 0 || payload > MAX_PAYLOAD_BYTES || payload % 4 !== 0 || word(12) % 4 !== 0)
      throw bad(`has ${payload} bytes at ${hex32(word(12))}; multiples of 4 up to ${MAX_PAYLOAD_BYTES} are possible`);
    const own = flags & FAMILY ? word(28) : null;
    if (i === 0) family = own;
    if (own !== family) throw bad('is for another chip than the blocks before');
    if (word(24) !== count || number >= count || seen.has(number))
      throw bad(`is number ${number} of ${word(24)} in a file of ${count}`);
    seen.add(number);
    if ((flags & NOT_MAIN_FLASH) === 0) {
      const from = i * BLOCK_BYTES + HEADER_BYTES;
      segments.push({ address: word(12), bytes: bytes.subarray(from, from + payload) });
    }
  }
  return { segments: joinSegments(segments), entry: null, family };
}
