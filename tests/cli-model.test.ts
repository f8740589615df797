/** `mote model`: models on the host, from a user's point of view. */
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';
import { expectFailure, mote } from './program.ts';
import { speech } from './world.ts';

const MODEL = packagePath('models', 'micro_speech', 'model.tflite');
const GOLDEN = packagePath('models', 'micro_speech', 'golden');

let dir: string;
const at = (...parts: string[]) => join(dir, ...parts);
const run = (...args: string[]) => mote(args, dir);
const expectRefused = (args: string[], sentence: RegExp) => expectFailure(args, sentence, { cwd: dir, exit: 2 });

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-model-'));
  mkdirSync(at('keys'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('mote model', () => {
  it.each(['wasm3', 'v8'])('verify finds every golden output identical on %s', async (engine) => {
    const { code, stdout } = await run('model', 'verify', MODEL, '--golden', GOLDEN, '--engine', engine);
    const count = readdirSync(GOLDEN).filter((name) => /^in_.*\.bin$/.test(name)).length;
    expect(stdout.trim().split('\n').at(-1)).toBe(`${count}/${count} identical`);
    expect(code).toBe(0);
  });

  it('verify names the first tensor that differs', async () => {
    cpSync(GOLDEN, at('golden'), { recursive: true });
    const out = readFileSync(at('golden', 'out_00.bin'));
    out[0]! ^= 1;
    writeFileSync(at('golden', 'out_00.bin'), out);
    const tensors = JSON.parse(readFileSync(at('golden', 'tensors_00.json'), 'utf8'));
    const all = Array.isArray(tensors) ? tensors : tensors.tensors;
    const bytes = readFileSync(at('golden', 'tensors_00.bin'));
    const inner = all.find(({ name }: { name: string }) => name === 'Relu');
    bytes[inner.offset]! ^= 1;
    writeFileSync(at('golden', 'tensors_00.bin'), bytes);
    const { code, stdout } = await run('model', 'verify', MODEL, '--golden', at('golden'), '--json');
    expect(code).toBe(1);
    const { identical, total, firstDifference } = JSON.parse(stdout);
    expect(identical).toBe(total - 1);
    expect(firstDifference).toMatchObject({ run: expect.stringContaining('00'), index: inner.index, at: 0 });
    const text = await run('model', 'verify', MODEL, '--golden', at('golden'));
    expect(text.stdout).toMatch(/first tensor that differs: \d+ ".*" of /);
    expect(text.stdout.trim().split('\n').at(-1)).toBe(`${total - 1}/${total} identical`);
    await expectRefused(['model', 'verify', MODEL], /--golden DIR/);
    await expectRefused(['model', 'verify', MODEL, '--golden', 'keys'], /no in_\*\.bin/);
  });

  it('inspect shows a model as text, as data and as a page that loads nothing from other hosts', async () => {
    const text = await run('model', 'inspect', MODEL, '--html', 'plan.html');
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/softmax/i);
    const page = readFileSync(at('plan.html'), 'utf8');
    expect(page).toMatch(/^<!doctype html>/i);
    expect(page).not.toMatch(/(src|href)\s*=\s*["']?(https?:)?\/\//i);
    const json = await run('model', 'inspect', MODEL, '--json');
    expect(JSON.parse(json.stdout)).toEqual(expect.any(Object));
  });

  it('compile writes AssemblyScript and rom', async () => {
    const { code, stdout } = await run('model', 'compile', MODEL, '--out', 'compiled', '--json');
    expect(code).toBe(0);
    const { source, rom, romBytes } = JSON.parse(stdout);
    expect(statSync(at(rom)).size).toBe(romBytes);
    expect(readFileSync(at(source), 'utf8')).toContain('export function invoke');
    expect(readdirSync(at('compiled')).sort()).toEqual(['micro_speech.rom', 'micro_speech.ts']);
  });

  it('rejects a file that is not a model, or half of one', async () => {
    const good = readFileSync(MODEL);
    copyFileSync(speech('yes.wav'), at('no.tflite'));
    writeFileSync(at('empty.tflite'), '');
    writeFileSync(at('half.tflite'), good.subarray(0, good.length >> 1));
    const hostile = Buffer.from(good);
    hostile.fill(0xff, 64, 400);
    writeFileSync(at('hostile.tflite'), hostile);
    const files = ['no.tflite', 'empty.tflite', 'half.tflite', 'hostile.tflite', 'missing.tflite'];
    const cases = files.flatMap((file) => ['inspect', 'compile'].map((command) => ['model', command, file]));
    await Promise.all(cases.map((args) => expectRefused(args, /./)));
  });
});
