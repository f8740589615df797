/** The byte stream below a link. */

/**
 * A full-duplex byte stream: a socket, a serial line, or one end of an in-process pair. Reads may split bytes anywhere.
 */
export interface Transport {
  write(bytes: Uint8Array): void;
  /** Sets the one listener. The bytes are valid only during the call. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Calls `listener` once when the stream has ended, whichever end closed it. */
  onClose(listener: () => void): void;
  close(): void;
}
