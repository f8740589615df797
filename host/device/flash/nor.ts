/** The rules of NOR flash that every emulation enforces: bounds, alignment, and that programming only clears bits. */
import { MoteError } from '../../base/index.ts';

export interface FlashGeometry {
  /** Total bytes, a multiple of `pageBytes`. */
  sizeBytes: number;
  /** Erase unit in bytes, a multiple of `writeBytes`; 4096 unless told. */
  pageBytes?: number;
  /** Program unit in bytes, a power of two of 1 to 256; 8 unless told (an STM32's double word). */
  writeBytes?: number;
}

/** Fills in defaults. Throws `FLASH_RANGE` for a geometry that no flash has. */
export function checkGeometry(geometry: FlashGeometry): Required<FlashGeometry> {
  const { sizeBytes, pageBytes = 4096, writeBytes = 8 } = geometry;
  const whole = [sizeBytes, pageBytes, writeBytes].every((n) => Number.isInteger(n) && n > 0);
  if (
    !whole ||
    writeBytes > 256 ||
    (writeBytes & (writeBytes - 1)) !== 0 ||
    pageBytes % writeBytes ||
    sizeBytes % pageBytes
  )
    throw new MoteError(
      'FLASH_RANGE',
      `A flash of ${sizeBytes} bytes with pages of ${pageBytes} and writes of ${writeBytes} can't be: the size is whole pages, a page whole writes, a write a power of two up to 256.`,
    );
  return { sizeBytes, pageBytes, writeBytes };
}

/** Throws `FLASH_RANGE` unless the bytes lie in the flash. */
export function checkRange(geometry: Required<FlashGeometry>, address: number, length: number): void {
  const { sizeBytes } = geometry;
  if (
    !Number.isInteger(address) ||
    !Number.isInteger(length) ||
    address < 0 ||
    length < 0 ||
    address + length > sizeBytes
  )
    throw new MoteError('FLASH_RANGE', `Bytes ${address} to ${address + length} leave a flash of ${sizeBytes} bytes.`);
}

/** Throws `FLASH_RANGE` unless the flash has that page. */
export function checkPage(geometry: Required<FlashGeometry>, page: number): void {
  const pages = geometry.sizeBytes / geometry.pageBytes;
  if (!Number.isInteger(page) || page < 0 || page >= pages)
    throw new MoteError('FLASH_RANGE', `Page ${page} isn't in a flash of ${pages} pages.`);
}

/** Throws `FLASH_PROGRAM` when `bytes` at `address` are unaligned or would set a bit that `current`, the bytes there now, has cleared. */
export function checkProgram(
  geometry: Required<FlashGeometry>,
  address: number,
  bytes: Uint8Array,
  current: Uint8Array,
): void {
  const { writeBytes } = geometry;
  if (address % writeBytes || bytes.length % writeBytes)
    throw new MoteError(
      'FLASH_PROGRAM',
      `Programming ${bytes.length} bytes at ${address} isn't aligned to the flash's ${writeBytes}-byte writes.`,
    );
  for (let i = 0; i < bytes.length; i++)
    if ((bytes[i]! & ~current[i]!) !== 0)
      throw new MoteError(
        'FLASH_PROGRAM',
        `Programming 0x${bytes[i]!.toString(16)} over 0x${current[i]!.toString(16)} at ${address + i} would set a cleared bit; erase the page first.`,
      );
}
