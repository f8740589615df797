/** Power cuts and wear: the C flash code on flash in memory, on this machine and as the firmware of boards. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../host/base/index.ts';
import { cases, casesText, FULL } from '../../host/base/test-form.ts';
import { buildImage, loadBoard, NODE_EXIT, startNode } from '../../host/toolchain/board/index.ts';
import { missingTool } from '../boards/selftest.ts';
import { buildProgram, missingCrypto } from '../c-program.ts';

/** The code under test. */
const CODE = { folder: 'flash-c', components: ['update'], files: ['agent/storage.c'] };
const SWEEP = ['sweep.c', 'scenario.c', 'cut_flash.c'];
/** Scenarios 0 to 9 are short; the last one runs all of them in sequence. */
const SHORT = ['0', '10'];
const LONG = ['10', '11'];

/** Returns the number of runs that a sweep reports. Fails with its output if a run went wrong. */
function runs(output: string, status: number | null): number {
  const lines = output.replace('Timer with period zero, disabling\n', '');
  expect([status, lines]).toEqual([0, expect.stringMatching(/^(.*: \d+ operations, \d+ runs\n)+$/)]);
  return [...output.matchAll(/(\d+) runs/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

const sources = ['sweep_main.c', ...SWEEP];
const fast = await buildProgram({ ...CODE, name: 'sweep', sources, flags: ['-O2'] });
const checked = await buildProgram({ ...CODE, name: 'sweep-checked', sources });
const hostile = await buildProgram({ ...CODE, name: 'hostile', sources: ['hostile.c', 'cut_flash.c'] });
const wear = await buildProgram({ ...CODE, name: 'wear', sources: ['wear.c', 'cut_flash.c'], flags: ['-O2'] });

describe.skipIf(missingCrypto)('power cuts, in each of six ways', () => {
  it.each([
    [
      `at every operation, and a second one at ${FULL ? 'every operation' : 'each 11th operation'} of the recovery`,
      fast,
      ['512', '8', '1', FULL ? '1' : '11', ...SHORT],
      cases(150_000),
    ],
    ['at every operation of a long run, then at some of the recovery', fast, ['512', '8', '1', '47', ...LONG], 10_000],
    ['on pages of 1024 and writes of 4', fast, ['1024', '4', '1', '5', ...SHORT], 30_000],
    ['on writes of 16', fast, ['512', '16', '1', '5', ...SHORT], 30_000],
    ['on writes of 256', fast, ['2048', '256', '1', '11', ...SHORT], 15_000],
    ['with address and undefined-behaviour sanitizers', checked, ['512', '8', '1', '11', ...SHORT], 10_000],
  ])('%s: a module is always available, no unconfirmed one runs twice, no key is lost', (_, program, args, least) => {
    const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(runs(stdout, status)).toBeGreaterThan(least);
  });
});

it.skipIf(missingCrypto)(
  `${casesText(100_000)} flashes with any content open, and store what is written afterwards`,
  () => {
    const { stdout, stderr } = spawnSync(hostile, [`${cases(100_000)}`, '1'], { encoding: 'utf8' });
    expect([stderr, stdout]).toEqual(['', `${cases(100_000)} runs\n`]);
  },
);

describe.skipIf(missingCrypto)('wear', () => {
  it.each([
    [1024, 4],
    [4096, 8],
    [16384, 16],
  ])('after 100,000 changes of keys and 1000 swaps is even over the pages of a region: %i, %i', (page, write) => {
    const { stdout, stderr, status } = spawnSync(wear, [`${page}`, `${write}`, '100000', '1000'], { encoding: 'utf8' });
    expect([stderr, status]).toEqual(['', 0]);
    const parts = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    expect(parts.map(([name]) => name)).toEqual(['agent', 'module', 'journal', 'slots']);
    for (const [, least, most] of parts) {
      // A region whose banks were changed only once or twice can't be even yet.
      expect(Number(most)).toBeLessThanOrEqual(Math.max(2 * Number(least), Number(least) + 1));
    }
  });
});

for (const name of ['mps2-an386', 'lm3s6965evb', 'riscv-virt']) {
  const board = loadBoard(name);
  const missing = await missingTool(board, ['update']);
  const title = missing === null ? name : `${name} (skipped: ${missing})`;
  it.skipIf(missing !== null)(`${title}: 500 power cuts and more in the firmware of the board`, async () => {
    const own = ['board_main.c', ...SWEEP].map((file) => packagePath('tests', 'flash-c', file));
    const sources = [...own, packagePath('boards', 'agent', 'storage.c')];
    const image = { name: 'flash-sweep', sources, components: ['update'] };
    const { elf } = await buildImage(board, { image, defines: { SWEEP_PAGE: 512 } });
    const folder = mkdtempSync(join(tmpdir(), 'mote-flash-'));
    try {
      const node = await startNode(board, elf, {
        folder,
        options: ['first=9', 'second=31', `to=${SHORT[1]}`, 'seed=1'],
      });
      const { code, output } = await node.ended;
      expect(code, output).toBe(NODE_EXIT.done);
      expect(runs(output, code)).toBeGreaterThan(500);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
