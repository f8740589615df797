/**
 * A package's bytes on their way into a slot. How far they got isn't journalled: the slot is erased before, bytes arrive in order,
 * and all earlier pages are durable before the first byte of the next is programmed. So after a power cut the last page that isn't
 * blank is the only doubtful one, and the transfer goes on at its start. When the erase of the page behind it is cut as well, what that
 * leaves makes the doubtful one look whole: the digest finds it at the end.
 */
import type { Flash } from '../flash/index.ts';

export class SlotWriter {
  readonly #flash: Flash;
  readonly #total: number;
  #erasedPages = 0;
  #received: number;
  /** The last received bytes that don't fill a write unit yet. */
  #tail: Uint8Array = new Uint8Array(0);
  /** An earlier page may not be what was sent. */
  readonly resumed: boolean;
  /** The page at `#received` may hold half of something. */
  #doubtful: boolean;

  private constructor(flash: Flash, total: number, received: number, resumed: boolean) {
    this.#flash = flash;
    this.#total = total;
    this.#received = received;
    this.resumed = resumed;
    this.#doubtful = resumed;
  }

  /** For a package of `total` bytes; first call `erase` until it has erased all. */
  static fresh(flash: Flash, total: number): SlotWriter {
    return new SlotWriter(flash, total, 0, false);
  }

  /** Goes on after a restart. Reads only. */
  static resumed(flash: Flash, total: number): SlotWriter {
    let page = Math.ceil(total / flash.pageBytes) - 1;
    const blank = () => flash.read(page * flash.pageBytes, flash.pageBytes).every((byte) => byte === 0xff);
    while (page > 0 && blank()) page--;
    return new SlotWriter(flash, total, page * flash.pageBytes, true);
  }

  /** Erases the next page of those that the package needs. True: that was the last, and they are durably blank. */
  erase(): boolean {
    this.#flash.erase(this.#erasedPages++);
    if (this.#erasedPages * this.#flash.pageBytes < this.#total) return false;
    this.#flash.sync();
    return true;
  }

  /** Bytes taken so far. */
  get received(): number {
    return this.#received;
  }

  /** Takes the next bytes. */
  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#settle();
    const { writeBytes } = this.#flash;
    const filling = this.#tail.length > 0 ? Math.min(writeBytes - this.#tail.length, bytes.length) : 0;
    if (filling > 0) {
      this.#tail = Buffer.concat([this.#tail, bytes.subarray(0, filling)]);
      this.#received += filling;
      if (this.#tail.length < writeBytes) return;
      this.#program(this.#received - writeBytes, this.#tail);
    }
    // Whole writes go into flash from where they are, as on a node that has no memory for another copy.
    const rest = bytes.subarray(filling);
    const whole = rest.length - (rest.length % writeBytes);
    this.#program(this.#received, rest.subarray(0, whole));
    this.#tail = rest.slice(whole);
    this.#received += rest.length;
  }

  /** Writes what doesn't fill a write unit; all is durable when it returns. */
  finish(): void {
    if (this.#tail.length > 0) {
      const last = new Uint8Array(this.#flash.writeBytes).fill(0xff);
      last.set(this.#tail);
      this.#program(this.#received - this.#tail.length, last);
      this.#tail = new Uint8Array(0);
    }
    this.#flash.sync();
  }

  /** Erases what a power cut may have left half done: the page after first, so that a cut in here leads back to here. */
  #settle(): void {
    if (!this.#doubtful) return;
    const page = this.#received / this.#flash.pageBytes;
    if ((page + 1) * this.#flash.pageBytes < this.#total) this.#flash.erase(page + 1);
    this.#flash.erase(page);
    this.#flash.sync();
    this.#doubtful = false;
  }

  /** What precedes a page is durable before the page's first byte is programmed. */
  #program(address: number, bytes: Uint8Array): void {
    const { pageBytes } = this.#flash;
    for (let done = 0; done < bytes.length; ) {
      const at = address + done;
      if (at % pageBytes === 0) this.#flash.sync();
      const length = Math.min(bytes.length - done, pageBytes - (at % pageBytes));
      this.#flash.program(at, bytes.subarray(done, done + length));
      done += length;
    }
  }
}
