import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import {
  ABI_OPERATORS,
  ENGINE_NAMES,
  type EngineName,
  type HostFunction,
  loadEngine,
} from '../../device/engine/index.ts';
import { type BuiltApp, buildApp } from './build.ts';

const dir = mkdtempSync(join(tmpdir(), 'mote-program-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The step returns the model's output for an input of 0, 1, 2, ... */
const SOURCE = `import { input, INPUT_BYTES, invoke, output } from './generated/speech';
export function step(now: i64): i64 {
  for (let i = 0; i < INPUT_BYTES; i++) store<i8>(input() + i, <i8>i);
  invoke();
  return load<i32>(output());
}`;

interface Run {
  answer: unknown;
  fuel: bigint;
  /** First entry and number of entries, of each call of nn_run. */
  asked: [number, number][];
}

describe.each(ENGINE_NAMES)('the program of a model on %s', (name) => {
  let app: BuiltApp;
  /** Rom offset of each entry's record. */
  let entries: { operator: number; record: number }[];
  beforeAll(async () => {
    copyFileSync(packagePath('models', 'micro_speech', 'model.tflite'), join(dir, 'speech.tflite'));
    writeFileSync(join(dir, 'app.ts'), SOURCE);
    const manifest = { name: 'test', version: '1.0.0', models: { speech: 'speech.tflite' } };
    writeFileSync(join(dir, 'mote.json'), JSON.stringify(manifest));
    app = await buildApp(dir);
    await run(name, (program, count) => {
      const view = new DataView(app.rom.buffer, app.rom.byteOffset);
      entries ??= Array.from({ length: count }, (_, i) => ({
        operator: view.getUint32(program + i * 8, true),
        record: view.getUint32(program + i * 8 + 4, true),
      }));
      return 0;
    });
  });

  /** `host` returns how many of the entries at a rom offset it executes. */
  async function run(engine: EngineName, host?: (program: number, count: number) => number): Promise<Run> {
    const { wasm, rom, metadata } = app;
    const asked: [number, number][] = [];
    const config: HostFunction = (_name, _length, otherwise) => otherwise;
    const imports: Record<string, HostFunction> = { config };
    if (host)
      imports.nn_run = (_arena, program, count) => {
        asked.push([Number(program), Number(count)]);
        return host(Number(program), Number(count));
      };
    const limits = { memoryBytes: metadata.memoryBytes, stackBytes: 65_536, fuel: 10_000_000n, deadlineMs: 10_000 };
    const instance = (await loadEngine(engine)).load({ wasm, rom, imports, limits });
    const answer = instance.call('step', 0n);
    const fuel = instance.fuelUsed();
    instance.close();
    return { answer, fuel, asked: asked.map(([program, count]) => [(program - asked[0]![0]) / 8, count]) };
  }

  it('lists the operators in order, each with its record', () => {
    const { depthwise_conv2d: _, ...operators } = ABI_OPERATORS;
    expect(entries.map(({ operator }) => operator)).toEqual([
      operators.conv2d,
      operators.fully_connected,
      operators.softmax,
    ]);
    for (const { record } of entries) expect([record % 4, record < app.rom.length]).toEqual([0, true]);
  });

  it('is offered to the host again after each operator that the module executed itself', async () => {
    const portable = await run(name);
    const offered = await run(name, () => 0);
    expect(offered).toMatchObject({ answer: portable.answer, fuel: portable.fuel });
    expect(offered.asked).toEqual([
      [0, 3],
      [1, 2],
      [2, 1],
    ]);
  });

  it('costs the same fuel on host and module, and the module does not repeat the work of the host', async () => {
    const portable = await run(name);
    for (const done of [1, 2, 3]) {
      const some = await run(name, (_program, count) => (count === 3 ? done : 0));
      expect(some.fuel).toBe(portable.fuel);
      // The output of an operator that nobody executed still has its old contents.
      expect(some.answer).not.toBe(portable.answer);
      // The host may have stopped early, so it is asked again. The module executes only what the host then refuses.
      expect(some.asked).toEqual(
        [
          [0, 3],
          [1, 2],
          [2, 1],
        ].filter(([first]) => first === 0 || first! >= done),
      );
    }
  });
});
