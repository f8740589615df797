/**
 * The interface of a NOR flash, on which the slot store and the key-value store are built. An erase sets the bytes of
 * one page to 0xFF, and programming only clears bits. Implementations throw `MoteError('FLASH_RANGE' | 'FLASH_PROGRAM'
 * | 'FLASH_IO')`.
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
  /** Returns when everything programmed and erased is durable. */
  sync(): void;
}
