import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ABI_VERSION, ENGINE_NAMES, loadEngine, validateModule } from '../../device/engine/index.ts';
import { compileModel } from './compile.ts';
import { buildHarness } from './harness.ts';
import { modelBytes, modelFolder, OTHERS, SHIPPED } from './testing.ts';
import { verifyModel } from './verify.ts';

/** Arena bytes of TensorFlow Lite Micro, which this compiler must not exceed (1 KB = 1000 bytes). */
const TFLM_ARENA: Readonly<Record<string, number>> = {
  hello_world: 1184,
  micro_speech: 7000,
  kws: 23_000,
  ad: 2800,
  person_detect: 82_500,
  ic: 55_200,
  vww: 100_900,
  sww: 16_352,
  mobilenet_v2: 2_606_896,
};

/** Names for the report. The name of a missing model includes what it needs. */
const named = [...SHIPPED, ...OTHERS].map((name) => {
  const title = modelFolder(name) === undefined ? `${name}, needs the reference models in ../shared/models` : name;
  return { name, title };
});

describe.each(named)('$title', ({ name }) => {
  const folder = modelFolder(name);

  it.skipIf(folder === undefined)('fits the memory that the reference needs', async () => {
    const model = compileModel(await readFile(join(folder!, 'model.tflite')), { name });
    expect(model.arenaBytes).toBeLessThanOrEqual(TFLM_ARENA[name]!);
  });

  // mobilenet_v2 is 300 million multiply-accumulates: for gateways, which run V8.
  it.skipIf(folder === undefined).each(ENGINE_NAMES.filter((engine) => engine === 'v8' || name !== 'mobilenet_v2'))(
    'gives every golden byte on %s',
    async (engineName) => {
      const bytes = await readFile(join(folder!, 'model.tflite'));
      const { results } = await verifyModel(bytes, join(folder!, 'golden'), await loadEngine(engineName));
      expect(results.length).toBeGreaterThan(0);
      expect(results.filter(({ equal }) => !equal)).toEqual([]);
    },
  );
});

describe('verification', () => {
  it('names the first tensor that differs, in the order of execution', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'mote-golden-'));
    try {
      await cp(join(modelFolder('hello_world')!, 'golden'), dir, { recursive: true });
      const list = JSON.parse(readFileSync(join(dir, 'tensors_00.json'), 'utf8')) as {
        index: number;
        offset: number;
      }[];
      const second = list[2]!;
      for (const [file, at] of [
        ['tensors_00.bin', second.offset + 3],
        ['out_00.bin', 0],
      ] as const) {
        const bytes = await readFile(join(dir, file));
        bytes[at]! ^= 1;
        await writeFile(join(dir, file), bytes);
      }
      const { results, firstDifference } = await verifyModel(modelBytes('hello_world'), dir, await loadEngine('v8'));
      expect(results.map(({ equal }) => equal).filter((equal) => !equal)).toHaveLength(1);
      expect(firstDifference).toMatchObject({
        run: '00',
        index: second.index,
        op: 'FULLY_CONNECTED',
        at: 3,
        differing: 1,
      });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('rejects a folder that has no goldens, or those of another model', async () => {
    const engine = await loadEngine('v8');
    await expect(verifyModel(modelBytes('hello_world'), tmpdir(), engine)).rejects.toMatchObject({ code: 'GOLDEN' });
    const other = join(modelFolder('kws')!, 'golden');
    await expect(verifyModel(modelBytes('hello_world'), other, engine)).rejects.toMatchObject({ code: 'GOLDEN' });
  });

  it('names the missing file of a pair', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'moteware-golden-'));
    try {
      await cp(join(modelFolder('hello_world')!, 'golden'), dir, { recursive: true });
      await rm(join(dir, 'out_03.bin'));
      const verifying = verifyModel(modelBytes('hello_world'), dir, await loadEngine('v8'));
      await expect(verifying).rejects.toMatchObject({
        code: 'GOLDEN',
        message: expect.stringMatching(/out_03\.bin can't be read: each in_NAME\.bin needs its out_NAME\.bin/),
      });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('builds modules that pass static validation', async () => {
    const { wasm } = await buildHarness(modelBytes('micro_speech'));
    expect(validateModule(wasm).abi).toBe(ABI_VERSION);
  });

  it('compiles a keyword model to at most 40 KB of module and rom', async () => {
    const { wasm, rom } = await buildHarness(modelBytes('micro_speech'));
    expect(wasm.length + rom.length).toBeLessThanOrEqual(40_000);
  });

  it('gives every tensor its own memory on request', async () => {
    const { model, tensors } = await buildHarness(modelBytes('kws'), { separate: true });
    const spans = model.plan.allocations
      .filter(({ kind }) => kind === 'tensor')
      .map(({ offset, bytes }) => [offset, offset + bytes] as const)
      .sort((a, b) => a[0] - b[0]);
    for (let i = 1; i < spans.length; i++) expect(spans[i]![0]).toBeGreaterThanOrEqual(spans[i - 1]![1]);
    expect(tensors.length).toBe(14);
  });
});
