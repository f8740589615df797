/** The node's key-value store: what a module keeps across restarts and swaps. */
import { MoteError } from '../error.ts';
import type { Flash } from './flash.ts';

const unbuilt = (): never => {
  throw new MoteError('UNBUILT', 'Not built yet.');
};

export class KeyValueStore {
  /** Never throws for what the flash holds. */
  static open(_flash: Flash): KeyValueStore {
    return unbuilt();
  }
  /** A copy of the value. */
  get(_key: string): Uint8Array | undefined {
    return unbuilt();
  }
  /** Durable when it returns. Throws KV_KEY (1..64 UTF-8 bytes), KV_VALUE (0..1024 bytes), KV_FULL. */
  set(_key: string, _value: Uint8Array): void {
    unbuilt();
  }
  /** False when there was none. Durable when it returns. */
  delete(_key: string): boolean {
    return unbuilt();
  }
  keys(): string[] {
    return unbuilt();
  }
}
