/** boards/crypto against published vectors, on this machine under sanitizers and on emulated boards, and the instructions it takes there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagePath } from '../../host/base/index.ts';
import { buildImage, loadBoard, startNode } from '../../host/toolchain/board/index.ts';
import { missingTool } from '../boards/selftest.ts';
import { vectorCases } from './vectors.ts';

const IMAGE = {
  name: 'crypto-vectors',
  sources: [packagePath('tests', 'crypto-c', 'vectors.c'), packagePath('boards', 'images', 'model', 'count.c')],
  components: ['crypto'],
};

/**
 * By how many instructions two runs with other keys may differ where the processor's clock counts them: two of its ticks and an
 * interrupt. One addition of points is 8,000.
 */
const COARSE = 300;
const BOARDS = [
  { name: 'linux', tolerance: 0 },
  { name: 'mps2-an386', tolerance: COARSE },
  // A Cortex-M3, whose long multiplication takes time by its operands: p256-m takes another there.
  { name: 'lm3s6965evb', tolerance: COARSE },
  { name: 'riscv-virt', tolerance: 0 },
];

const boards = await Promise.all(
  BOARDS.map(async ({ name, tolerance }) => {
    const board = loadBoard(name);
    const why = await missingTool(board, ['crypto']);
    return { board, tolerance, why, title: why === null ? name : `${name}, skipped: ${why}` };
  }),
);

describe('boards/crypto', { timeout: 900_000 }, () => {
  const cases = vectorCases();
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mote-crypto-'));
    writeFileSync(join(folder, 'vectors.bin'), Buffer.concat(cases));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const { board, tolerance, why, title } of boards)
    it.skipIf(why !== null)(`gives the results of all vectors, in equal time for every key, on ${title}`, async () => {
      const emulated = board.memory !== null;
      const { elf } = await buildImage(board, { image: IMAGE, sanitize: !emulated });
      const node = await startNode(board, elf, { folder, icount: emulated });
      const { output } = await node.ended;
      expect(output).toContain(`\n${cases.length} cases, 0 differ`);
      for (const operation of ['sign', 'agree', 'public key']) {
        const [, least, most] = new RegExp(`^${operation}: (\\d+) to (\\d+)$`, 'm').exec(output)!.map(Number);
        expect(least! > 0).toBe(emulated);
        expect(most! - least!).toBeLessThanOrEqual(tolerance);
      }
    });
});
