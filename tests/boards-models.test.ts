/** Compiled models on emulated boards: every byte of the golden outputs, with the native kernels and without. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sampledRows } from '../host/base/test-form.ts';
import { findTool, loadBoard, runModelOnBoard, type ToolName } from '../host/toolchain/board/index.ts';
import { type ModelRunner, verifyOutputs } from '../host/toolchain/compiler/index.ts';
import { modelFolder } from '../host/toolchain/compiler/testing.ts';

const MODELS = ['hello_world', 'micro_speech', 'kws', 'ad', 'ic', 'vww', 'person_detect'] as const;
/** Models that fit a board with 64 KiB of RAM and 128 KiB of flash. */
const SMALL = ['hello_world', 'micro_speech'] as const;
const TOOLS: Readonly<Record<string, readonly ToolName[]>> = {
  linux: ['host'],
  'mps2-an386': ['arm-none-eabi', 'qemu-system-arm'],
  'mps2-an505': ['arm-none-eabi', 'qemu-system-arm'],
  lm3s6965evb: ['arm-none-eabi', 'qemu-system-arm'],
  'riscv-virt': ['riscv64-unknown-elf', 'qemu-system-riscv32'],
};
/** With portable kernels these take seconds for one inference in an emulator. */
const LARGE: readonly string[] = ['kws', 'ic', 'vww', 'person_detect'];

/** The missing tool to run a board, as a sentence; null if none is missing. */
async function missing(board: string): Promise<string | null> {
  for (const tool of TOOLS[board]!) {
    const why = await findTool(tool).then(
      () => null,
      (error: Error) => error.message,
    );
    if (why !== null) return why;
  }
  return null;
}

const boards = await Promise.all(Object.keys(TOOLS).map(async (name) => ({ name, why: await missing(name) })));

describe.each(boards)('models on $name', ({ name, why }) => {
  const models = name === 'lm3s6965evb' ? SMALL : MODELS;
  const rows = models.flatMap((model) => [true, false].map((accelerated) => ({ model, accelerated })));
  const named = rows.map((row) => {
    const { model, accelerated } = row;
    const needs = why !== null ? why : modelFolder(model) === undefined ? 'needs the models in ../shared/models' : null;
    const title = `${model}, ${accelerated ? 'native' : 'portable'} kernels${needs === null ? '' : `: skipped: ${needs}`}`;
    return { ...row, needs, title };
  });
  const runner = (accelerated: boolean, counts: (number | null)[]): ModelRunner => {
    return async (harness, inputs) => {
      const { outputs } = await runModelOnBoard(loadBoard(name), harness, inputs, { accelerated });
      counts.push(...outputs.map(({ instructions }) => instructions));
      return outputs.map(({ output, instructions }) => ({ output, cost: { instructions } }));
    };
  };

  for (const { model, accelerated, needs, title } of sampledRows(named))
    it.skipIf(needs !== null)(title, async () => {
      const folder = modelFolder(model)!;
      const bytes = readFileSync(join(folder, 'model.tflite'));
      const slow = !accelerated && LARGE.includes(model) && name !== 'linux';
      const counts: (number | null)[] = [];
      const results = await verifyOutputs(bytes, join(folder, 'golden'), runner(accelerated, counts), slow ? 1 : 4);
      expect(results.length).toBeGreaterThanOrEqual(slow ? 1 : 4);
      expect(results.filter(({ equal }) => !equal)).toEqual([]);
      for (const count of counts) expect(count === null).toBe(name === 'linux');
    });
});

describe('a model that does not fit', () => {
  const [board] = boards.filter(({ name }) => name === 'lm3s6965evb');

  it.skipIf(board!.why !== null).each([
    ['person_detect', /module and rom have \d+ bytes, its flash \d+/],
    ['ic', /memory allocation failed/],
  ])('is rejected on the small board with the reason: %s', async (model, message) => {
    const folder = modelFolder(model);
    if (folder === undefined) return;
    const bytes = readFileSync(join(folder, 'model.tflite'));
    const run = verifyOutputs(
      bytes,
      join(folder, 'golden'),
      async (harness, inputs) => {
        const { outputs } = await runModelOnBoard(loadBoard('lm3s6965evb'), harness, inputs);
        return outputs.map(({ output, instructions }) => ({ output, cost: { instructions } }));
      },
      1,
    );
    await expect(run).rejects.toMatchObject({ code: 'BOARD_MODEL', message: expect.stringMatching(message) });
  });
});
