/** A board's agent, built before a node is started or flashed with it. */
import type { Board } from './board-json.ts';
import { buildImage } from './build.ts';

export interface FirmwareObserver {
  /** A build begins. It takes seconds when something has changed, else none. */
  onFirmwareBuild?(board: string): void;
  /** So many of its files are compiled. */
  onFirmwareProgress?(board: string, done: number, files: number): void;
  /** A build has ended. Null: by an error. */
  onFirmwareEnd?(result: { board: string; seconds: number; compiled: number } | null): void;
}

/** Compiles the agent when something of it has changed. Returns the path of the image, and the seconds that it took. */
export async function buildAgent(board: Board, observer: FirmwareObserver): Promise<{ elf: string; seconds: number }> {
  const started = performance.now();
  const onProgress = (done: number, files: number) => observer.onFirmwareProgress?.(board.name, done, files);
  let result: Parameters<NonNullable<FirmwareObserver['onFirmwareEnd']>>[0] = null;
  observer.onFirmwareBuild?.(board.name);
  try {
    const { elf, compiled } = await buildImage(board, { image: 'agent', onProgress });
    const seconds = (performance.now() - started) / 1000;
    result = { board: board.name, seconds, compiled };
    return { elf, seconds };
  } finally {
    observer.onFirmwareEnd?.(result);
  }
}
