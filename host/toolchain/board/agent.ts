/** A board's agent, built before a node is started or flashed with it. */
import type { Board } from './board-json.ts';
import { buildImage } from './build.ts';

export interface FirmwareObserver {
  /** A build begins. It takes seconds when something has changed, else none. */
  onFirmwareBuild?(board: string): void;
  /** A build has ended, also by an error. */
  onFirmwareEnd?(): void;
}

/** Compiles the agent when something of it has changed. Returns the path of the image, and the seconds that it took. */
export async function buildAgent(
  board: Board,
  { onFirmwareBuild, onFirmwareEnd }: FirmwareObserver,
): Promise<{ elf: string; seconds: number }> {
  const started = performance.now();
  onFirmwareBuild?.(board.name);
  try {
    const { elf } = await buildImage(board, { image: 'agent' });
    return { elf, seconds: (performance.now() - started) / 1000 };
  } finally {
    onFirmwareEnd?.();
  }
}
