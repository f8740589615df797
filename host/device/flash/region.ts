/** Part of a flash as a flash of its own, so that the slots and the key-value store share one chip. */
import { MoteError } from '../../base/index.ts';
import type { Flash } from './flash.ts';

/**
 * Returns pages `firstPage` to `firstPage + pages - 1` of `flash`. Addresses and page numbers of the result start at 0.
 * Throws `FLASH_RANGE` if the pages aren't inside the flash.
 */
export function flashRegion(flash: Flash, firstPage: number, pages: number): Flash {
  const total = flash.sizeBytes / flash.pageBytes;
  if (
    !Number.isInteger(firstPage) ||
    !Number.isInteger(pages) ||
    firstPage < 0 ||
    pages < 1 ||
    firstPage + pages > total
  )
    throw new MoteError(
      'FLASH_RANGE',
      `Pages ${firstPage} to ${firstPage + pages - 1} aren't all inside a flash of ${total} pages; choose a smaller layout or a larger flash.`,
    );
  const base = firstPage * flash.pageBytes;
  const sizeBytes = pages * flash.pageBytes;
  const check = (address: number, length: number): void => {
    if (
      !Number.isInteger(address) ||
      !Number.isInteger(length) ||
      address < 0 ||
      length < 0 ||
      address + length > sizeBytes
    )
      throw new MoteError(
        'FLASH_RANGE',
        `Bytes ${address} to ${address + length} are outside a flash region of ${sizeBytes} bytes.`,
      );
  };
  return {
    sizeBytes,
    pageBytes: flash.pageBytes,
    writeBytes: flash.writeBytes,
    read(address, length) {
      check(address, length);
      return flash.read(base + address, length);
    },
    program(address, bytes) {
      check(address, bytes.length);
      flash.program(base + address, bytes);
    },
    erase(page) {
      check(page * flash.pageBytes, flash.pageBytes);
      flash.erase(firstPage + page);
    },
    sync() {
      flash.sync();
    },
  };
}
