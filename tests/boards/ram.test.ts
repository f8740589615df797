/** The models that a board's RAM is sufficient for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packagePath } from '../../host/base/index.ts';
import { buildImage, footprintOf, loadBoard, runModelOnBoard, totalOf } from '../../host/toolchain/board/index.ts';
import { verifyOutputs } from '../../host/toolchain/compiler/index.ts';
import { missingTool } from './selftest.ts';

const board = loadBoard('mps2-an386');
const missing = await missingTool(board);
const needs = missing === null ? '' : ` (skipped: ${missing})`;
const RAM_BYTES = 160 * 1024;

test.skipIf(missing !== null)(
  `kws runs on a Cortex-M4 with 160 KiB of RAM in all${needs}`,
  { timeout: 180_000 },
  async () => {
    const folder = packagePath('models', 'kws');
    let peak = 0;
    const results = await verifyOutputs(
      readFileSync(join(folder, 'model.tflite')),
      join(folder, 'golden'),
      async (harness, inputs) => {
        const run = await runModelOnBoard(board, harness, inputs, { ramBytes: RAM_BYTES });
        peak = run.heapPeakBytes;
        return run.outputs.map(({ output, instructions }) => ({ output, cost: { instructions } }));
      },
      4,
    );
    expect(results).toHaveLength(4);
    expect(results.filter(({ equal }) => !equal)).toEqual([]);
    // The agent's image, not the one that counts instructions.
    const { map } = await buildImage(board, { image: 'agent', ramBytes: RAM_BYTES });
    expect(totalOf(footprintOf(readFileSync(map, 'utf8'))).ram + peak).toBeLessThan(RAM_BYTES);
  },
);
