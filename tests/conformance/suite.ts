/** All tests of one board. Each board has a file of its own, so that they run in parallel. */
import { describe } from 'vitest';
import { loadBoard } from '../../host/toolchain/board/board-json.ts';
import { missing } from './boards.ts';
import { conforms } from './conform.ts';
import { survivesDeepCalls, survivesFaults, survivesHostileModules, survivesModulesWithoutRoom } from './hostile.ts';
import { survivesPowerCuts } from './power.ts';

export async function testBoard(name: string): Promise<void> {
  const board = loadBoard(name);
  const why = await missing(board);
  describe.skipIf(why !== null)(`${name}${why === null ? '' : `, skipped: ${why}`}`, () => {
    describe('behaves like the node in TypeScript', () => conforms(board));
    describe('survives hostile modules', () => survivesHostileModules(board));
    describe('survives the end of its native stack', () => survivesDeepCalls(board));
    if (name === 'linux' || name === 'lm3s6965evb')
      describe('survives a lack of memory', () => survivesModulesWithoutRoom(board));
    if (name === 'linux') describe('restarts after a fault', () => survivesFaults(board));
    describe('survives power cuts', () => survivesPowerCuts(board));
  });
}
