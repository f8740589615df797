/** NOR flash in a file: what a simulated node keeps between runs. */
import { MoteError } from '../error.ts';
import type { Flash } from './flash.ts';
import type { FlashGeometry } from './nor.ts';

const unbuilt = (): never => {
  throw new MoteError('UNBUILT', 'Not built yet.');
};

export class FileFlash implements Flash {
  readonly sizeBytes: number = 0;
  readonly pageBytes: number = 0;
  readonly writeBytes: number = 0;
  /** Opens the file, or creates it erased. Throws FLASH_FILE for a truncated or foreign file or another geometry. */
  static open(_path: string, _geometry: FlashGeometry): FileFlash {
    return unbuilt();
  }
  read(_address: number, _length: number): Uint8Array {
    return unbuilt();
  }
  program(_address: number, _bytes: Uint8Array): void {
    unbuilt();
  }
  erase(_page: number): void {
    unbuilt();
  }
  sync(): void {
    unbuilt();
  }
  close(): void {
    unbuilt();
  }
}
