/** What a link needs from outside: a stream of bytes. */

/** A full-duplex byte stream: a socket, a serial line, or one end of an in-process pair. Delivery may cut bytes anywhere. */
export interface Transport {
  write(bytes: Uint8Array): void;
  /** Sets the one listener; bytes are valid only during the call. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Called once when the stream is gone, whoever ended it. */
  onClose(listener: () => void): void;
  close(): void;
}
