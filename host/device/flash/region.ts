/** Part of a flash as a flash of its own, so that the slots and the key-value store share one chip. */
import { MoteError } from '../../base/index.ts';
import type { Flash } from './flash.ts';
import { checkPage, checkRange } from './nor.ts';

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
  const { pageBytes, writeBytes } = flash;
  const geometry = { sizeBytes, pageBytes, writeBytes };
  return {
    ...geometry,
    read(address, length) {
      checkRange(geometry, address, length);
      return flash.read(base + address, length);
    },
    program(address, bytes) {
      checkRange(geometry, address, bytes.length);
      flash.program(base + address, bytes);
    },
    erase(page) {
      checkPage(geometry, page);
      flash.erase(firstPage + page);
    },
    sync() {
      flash.sync();
    },
  };
}
