/**
 * Reads the loadable program headers of a linker's ELF file at their load (physical) addresses, as `objcopy` does.
 * System V ABI, "Object Files" and "Program Header"; 32-bit, little-endian, executable.
 */
import { MoteError } from '../../base/index.ts';
import { type Image, joinSegments, type Segment } from './segments.ts';

const HEADER_BYTES = 52;
const PROGRAM_HEADER_BYTES = 32;
/** Linkers write a few; a hostile file may have 65,535 that overlap. */
const MAX_SEGMENTS = 64;
const EXECUTABLE = 2;
const LOAD = 1;

export const ELF_MACHINES = { arm: 40, riscv: 243 } as const;

const bad = (why: string) => new MoteError('IMAGE_ELF', `The ELF file ${why}; link it again.`);

/** Throws `IMAGE_ELF` for any other file and for offsets beyond its end, and what `joinSegments` throws. */
export function readElf(bytes: Uint8Array): Image & { machine: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEADER_BYTES || view.getUint32(0) !== 0x7f45_4c46)
    throw new MoteError('IMAGE_ELF', "The file isn't an ELF file.");
  if (bytes[4] !== 1 || bytes[5] !== 1 || view.getUint16(16, true) !== EXECUTABLE)
    throw bad('is not a 32-bit little-endian executable');
  const table = view.getUint32(28, true);
  const stride = view.getUint16(42, true);
  const count = view.getUint16(44, true);
  if (stride < PROGRAM_HEADER_BYTES || count > MAX_SEGMENTS)
    throw bad(`has ${count} program headers of ${stride} bytes`);
  if (table + count * stride > bytes.length) throw bad('is truncated: its program headers lie beyond its end');
  const segments: Segment[] = [];
  for (let i = 0; i < count; i++) {
    const word = (at: number) => view.getUint32(table + i * stride + at, true);
    const [type, offset, address, size] = [word(0), word(4), word(12), word(16)];
    if (type !== LOAD || size === 0) continue;
    if (offset + size > bytes.length) throw bad('is truncated: a segment lies beyond its end');
    segments.push({ address, bytes: bytes.subarray(offset, offset + size) });
  }
  if (segments.length === 0) throw bad('has no loadable segment');
  return { segments: joinSegments(segments), entry: view.getUint32(24, true), machine: view.getUint16(18, true) };
}
