/** All that is asked of one board. A file for each board, so that they run beside each other. */
import { describe } from 'vitest';
import { loadBoard } from '../../host/toolchain/board/board-json.ts';
import { missing } from './boards.ts';
import { conforms } from './conform.ts';
import { survivesDeepCalls, survivesFaults, survivesHostileModules, survivesModulesWithoutRoom } from './hostile.ts';
import { survivesPowerCuts } from './power.ts';

export async function testBoard(name: string): Promise<void> {
  const board = loadBoard(name);
  const why = await missing(board);
  describe.skipIf(why !== null)(`${name}${why === null ? '' : `, skipped: needs ${why}`}`, () => {
    describe('does what the node in TypeScript does', () => conforms(board));
    describe('survives what modules do', () => survivesHostileModules(board));
    describe('has a native stack that ends', () => survivesDeepCalls(board));
    if (name === 'linux' || name === 'lm3s6965evb')
      describe('has little memory', () => survivesModulesWithoutRoom(board));
    if (name === 'linux') describe('restarts after a fault', () => survivesFaults(board));
    describe('may lose its power', () => survivesPowerCuts(board));
  });
}
