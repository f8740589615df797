/** The rules of NOR flash that every emulation enforces: bounds, alignment, and that programming only clears bits. */
import { MoteError } from '../../base/index.ts';

export interface FlashGeometry {
  /** Total bytes, a multiple of `pageBytes`. */
  sizeBytes: number;
  /** Erase unit in bytes, a multiple of `writeBytes`; default 4096. */
  pageBytes?: number;
  /** Program unit in bytes, a power of two from 1 to 256; default 8 (a double word of an STM32). */
  writeBytes?: number;
}

/** Fills in the defaults. Throws `FLASH_RANGE` for an impossible geometry. */
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
      `A flash of ${sizeBytes} bytes with pages of ${pageBytes} and writes of ${writeBytes} bytes is impossible: the size must be a multiple of the page, the page a multiple of the write, and the write a power of two up to 256.`,
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
    throw new MoteError(
      'FLASH_RANGE',
      `Bytes ${address} to ${address + length} are outside a flash of ${sizeBytes} bytes.`,
    );
}

/** Throws `FLASH_RANGE` unless the flash has that page. */
export function checkPage(geometry: Required<FlashGeometry>, page: number): void {
  const pages = geometry.sizeBytes / geometry.pageBytes;
  if (!Number.isInteger(page) || page < 0 || page >= pages)
    throw new MoteError('FLASH_RANGE', `Page ${page} isn't in a flash of ${pages} pages.`);
}

/**
 * Throws `FLASH_PROGRAM` if `bytes` at `address` aren't aligned, or would set a bit that is cleared in `current`, the
 * bytes there now.
 */
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
