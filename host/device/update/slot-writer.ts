/**
 * Writes a package into a slot. The journal doesn't record the progress. The slot is erased first, bytes arrive in
 * order, and all earlier pages are durable before the first byte of the next page is programmed. After a power cut only
 * the last page that isn't blank is doubtful, so the transfer resumes at its start. If the erase of the page behind it
 * is interrupted too, that page may look like received data; the digest detects this at the end.
 */
import type { Flash } from '../flash/index.ts';

export class SlotWriter {
  readonly #flash: Flash;
  readonly #total: number;
  #erasedPages = 0;
  #received: number;
  /** The last received bytes, which don't fill a write unit yet. */
  #tail: Uint8Array = new Uint8Array(0);
  /** True after a restart: an earlier page may differ from what was sent. */
  readonly resumed: boolean;
  /** The page at `#received` may be partly programmed. */
  #doubtful: boolean;

  private constructor(flash: Flash, total: number, received: number, resumed: boolean) {
    this.#flash = flash;
    this.#total = total;
    this.#received = received;
    this.resumed = resumed;
    this.#doubtful = resumed;
  }

  /** Starts a package of `total` bytes. Call `erase` until it returns true before the first `append`. */
  static fresh(flash: Flash, total: number): SlotWriter {
    return new SlotWriter(flash, total, 0, false);
  }

  /** Continues after a restart. Reads only. */
  static resumed(flash: Flash, total: number): SlotWriter {
    let page = Math.ceil(total / flash.pageBytes) - 1;
    const blank = () => flash.read(page * flash.pageBytes, flash.pageBytes).every((byte) => byte === 0xff);
    while (page > 0 && blank()) page--;
    return new SlotWriter(flash, total, page * flash.pageBytes, true);
  }

  /** Erases the next page that the package needs. Returns true after the last one, when all are durably blank. */
  erase(): boolean {
    this.#flash.erase(this.#erasedPages++);
    if (this.#erasedPages * this.#flash.pageBytes < this.#total) return false;
    this.#flash.sync();
    return true;
  }

  /** Number of bytes received so far. */
  get received(): number {
    return this.#received;
  }

  /** Appends the next bytes of the package. */
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
    // Whole write units are programmed from where they are, as on a node without memory for a copy.
    const rest = bytes.subarray(filling);
    const whole = rest.length - (rest.length % writeBytes);
    this.#program(this.#received, rest.subarray(0, whole));
    this.#tail = rest.slice(whole);
    this.#received += rest.length;
  }

  /** Writes the rest that doesn't fill a write unit. Everything is durable when this returns. */
  finish(): void {
    if (this.#tail.length > 0) {
      const last = new Uint8Array(this.#flash.writeBytes).fill(0xff);
      last.set(this.#tail);
      this.#program(this.#received - this.#tail.length, last);
      this.#tail = new Uint8Array(0);
    }
    this.#flash.sync();
  }

  /**
   * Erases pages that a power cut may have left partly programmed, the later one first: a cut in here leads back to
   * here.
   */
  #settle(): void {
    if (!this.#doubtful) return;
    const page = this.#received / this.#flash.pageBytes;
    if ((page + 1) * this.#flash.pageBytes < this.#total) this.#flash.erase(page + 1);
    this.#flash.erase(page);
    this.#flash.sync();
    this.#doubtful = false;
  }

  /** Programs bytes. Everything before a page is durable before the page's first byte is programmed. */
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
