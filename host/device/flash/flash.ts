/**
 * A NOR flash as the slot store and the key-value store see it: bytes are erased to 0xFF a page at a time, and programming
 * only clears bits. Implementations throw `MoteError('FLASH_RANGE' | 'FLASH_PROGRAM' | 'FLASH_IO')`.
 */
export interface Flash {
  /** Total bytes, a multiple of `pageBytes`. */
  readonly sizeBytes: number;
  /** Erase unit. */
  readonly pageBytes: number;
  /** Program unit: addresses and lengths of `program` are multiples of it. */
  readonly writeBytes: number;
  read(address: number, length: number): Uint8Array;
  program(address: number, bytes: Uint8Array): void;
  erase(page: number): void;
  /** Returns when all that was programmed and erased is durable. */
  sync(): void;
}
