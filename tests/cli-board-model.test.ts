/** `mote model verify` and `bench` on boards, from a user's point of view. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';
import { loadBoard } from '../host/toolchain/board/index.ts';
import { missingTool } from './boards/selftest.ts';
import { mote } from './program.ts';

const MODEL = packagePath('models', 'hello_world', 'model.tflite');
const GOLDEN = packagePath('models', 'hello_world', 'golden');
const dir = mkdtempSync(join(tmpdir(), 'mote-cli-model-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const run = (...args: string[]) => mote(['model', ...args], dir);
const lastLine = (text: string) => text.trim().split('\n').at(-1);

const why = await missingTool(loadBoard('mps2-an386'), ['images/model']);

describe.skipIf(why !== null)(`mote model on a board${why === null ? '' : `, skipped: ${why}`}`, () => {
  it('verify counts the identical outputs, and fails when one differs', async () => {
    const good = await run('verify', MODEL, '--golden', GOLDEN, '--board', 'mps2-an386');
    expect([good.code, lastLine(good.stdout)]).toEqual([0, '8/8 identical']);
    cpSync(GOLDEN, join(dir, 'golden'), { recursive: true });
    const out = readFileSync(join(dir, 'golden', 'out_03.bin'));
    out[0]! ^= 1;
    writeFileSync(join(dir, 'golden', 'out_03.bin'), out);
    const bad = await run(
      'verify',
      MODEL,
      '--golden',
      'golden',
      '--board',
      'mps2-an386',
      '--no-acceleration',
      '--json',
    );
    expect(bad.code).toBe(1);
    const { results, ...all } = JSON.parse(bad.stdout);
    expect(all).toEqual({ identical: 7, total: 8, board: 'mps2-an386', accelerated: false });
    expect(results[3]).toMatchObject({ run: '03', equal: false, differing: 1, instructions: expect.any(Number) });
  });

  it('bench counts the same instructions each time, more without native kernels, and divides them among layers', async () => {
    const bench = async (...more: string[]) => {
      const { code, stdout } = await run('bench', MODEL, '--board', 'mps2-an386', '--json', ...more);
      expect(code).toBe(0);
      return JSON.parse(stdout);
    };
    const native = await bench();
    expect(await bench()).toEqual(native);
    expect(native).toMatchObject({ arenaBytes: 96, romBytes: 960, wasmBytes: expect.any(Number) });
    expect(native.perLayer.map(({ kernel, macs }: Record<string, unknown>) => [kernel, macs])).toEqual([
      ['fully_connected', 16],
      ['fully_connected', 256],
      ['fully_connected', 16],
    ]);
    const sum = native.perLayer.reduce((all: number, layer: { instructions: number }) => all + layer.instructions, 0);
    expect(sum / native.instructions).toBeGreaterThan(0.5);
    expect(sum / native.instructions).toBeLessThan(1.2);
    expect((await bench('--no-acceleration')).instructions).toBeGreaterThan(5 * native.instructions);
    const text = await run('bench', MODEL, '--board', 'mps2-an386');
    expect(text.stdout).toContain(`${native.instructions.toLocaleString('en-US')} instructions`);
  });

  it.each([
    [['verify', MODEL, '--golden', GOLDEN, '--board', 'rp2040'], /rp2040 runs on the hardware only.*\[BOARD_RUN\]/],
    [['bench', MODEL, '--board', 'rp2040'], /rp2040 runs on the hardware only.*\[BOARD_RUN\]/],
    [['bench', MODEL], /Name a board/],
    [['bench', MODEL, '--board', 'linux'], /Only QEMU counts/],
    [['bench', MODEL, '--board', 'nowhere'], /no board nowhere: use one of .*mps2-an386/],
    [['verify', MODEL, '--golden', GOLDEN, '--board', 'linux', '--engine', 'v8'], /not both/],
    [['verify', MODEL, '--golden', GOLDEN, '--no-acceleration'], /needs --board/],
  ])('refuses %j', async (args, sentence) => {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(sentence)]);
  });
});
