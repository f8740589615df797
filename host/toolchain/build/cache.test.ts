/** Equal builds compile once; every change of what the compiler reads compiles again. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import { type BuildOptions, buildApp } from './build.ts';
import { ModuleCache } from './cache.ts';

const root = mkdtempSync(join(tmpdir(), 'moteware-cache-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const MODEL = readFileSync(packagePath('models', 'micro_speech', 'model.tflite'));
const APP = `import { limit } from './limit';
import * as config from './generated/config';
export function step(now: i64): i64 { return now + limit() + config.pause(); }
`;
const MANIFEST = { name: 'press', version: '1.0.0', config: { pause: 5 } };

/** A project, and a function that builds it: `compile` is the count of compiles that the build took. */
function project(name: string) {
  const dir = join(root, name);
  mkdirSync(dir);
  const write = (file: string, content: string | Uint8Array) => writeFileSync(join(dir, file), content);
  const manifest = (fields: object = {}) => write('mote.json', JSON.stringify({ ...MANIFEST, ...fields }));
  const build = async (options: BuildOptions = {}) => {
    const steps: string[] = [];
    const onProgress = ({ step }: { step: string }) => steps.push(step);
    const app = await buildApp(dir, { cacheFolder: join(dir, '.mote', 'cache'), onProgress, ...options });
    const compiles = steps.filter((step) => step === 'compile').length;
    expect(app.cached).toBe(compiles === 0);
    return { ...app, compiles, steps };
  };
  manifest();
  write('app.ts', APP);
  write('limit.ts', 'export function limit(): i64 { return 1000; }\n');
  return { dir, write, manifest, build };
}

it('compiles once for equal sources, also when release fields have changed', async () => {
  const { dir, manifest, build } = project('equal');
  const first = await build();
  expect(first.steps).toEqual(['compile', 'check']);
  rmSync(join(dir, 'generated'), { recursive: true });
  const second = await build();
  expect(second.steps).toEqual([]);
  expect({ ...second, cached: false, compiles: 1, steps: first.steps }).toEqual(first);
  expect(readdirSync(join(dir, 'generated')).sort()).toEqual(['config.ts', 'entry.ts']);
  manifest({ version: '2.0.0', sequence: 7, trialMs: 500 });
  const release = await build();
  expect([release.compiles, release.metadata.version, release.sequence]).toEqual([0, '2.0.0', 7]);
  expect([release.metadata.trialMs, release.wasm]).toEqual([500, first.wasm]);
});

it('compiles a guarded module once, apart from the one without', async () => {
  const { build } = project('guarded');
  const guarded = await build({ guard: true });
  const plain = await build();
  expect([guarded.compiles, plain.compiles, plain.blocks]).toEqual([1, 1, null]);
  expect(await build()).toMatchObject({ compiles: 0, wasm: plain.wasm });
  const again = await build({ guard: true });
  expect(again).toMatchObject({ compiles: 0, wasm: guarded.wasm, blocks: guarded.blocks });
  expect(again.blocks!.length).toBeGreaterThan(0);
});

it('compiles again when a source, an absent file, the entry or a default changes, and not when it changes back', async () => {
  const { dir, write, manifest, build } = project('changed');
  const first = await build();
  write('limit.ts', 'export function limit(): i64 { return 2000; }\n');
  const second = await build();
  expect([second.compiles, Buffer.compare(second.wasm, first.wasm) === 0]).toEqual([1, false]);
  write('limit.ts', 'export function limit(): i64 { return 1000; }\n');
  expect(await build()).toMatchObject({ compiles: 0, wasm: first.wasm });
  // The compiler looks for limit.ts before limit/index.ts.
  rmSync(join(dir, 'limit.ts'));
  mkdirSync(join(dir, 'limit'));
  write('limit/index.ts', 'export function limit(): i64 { return 1000; }\n');
  expect((await build()).compiles).toBe(1);
  write('limit.ts', 'export function limit(): i64 { return 3000; }\n');
  expect((await build()).compiles).toBe(1);
  manifest({ config: { pause: 6 } });
  expect((await build()).compiles).toBe(1);
});

it('accepts a module with other defaults only for a caller that gives all settings', async () => {
  const { manifest, build } = project('defaults');
  const first = await build();
  manifest({ config: { pause: 6 } });
  const run = await build({ anyDefaults: true });
  expect(run).toMatchObject({ compiles: 0, wasm: first.wasm, config: { pause: 6 } });
  manifest({ config: { pause: 6, more: 1 } });
  expect((await build({ anyDefaults: true })).compiles).toBe(1);
});

it('compiles a model again only when its bytes change', async () => {
  const { write, manifest, build } = project('model');
  write('speech.tflite', MODEL);
  manifest({ models: { speech: 'speech.tflite' } });
  const first = await build();
  expect(first.steps).toEqual(['model', 'compile', 'check']);
  expect(await build()).toMatchObject({ steps: [], rom: first.rom, metadata: first.metadata });
  write('speech.tflite', Buffer.concat([MODEL, new Uint8Array(4)]));
  expect((await build()).steps).toEqual(['model', 'compile', 'check']);
});

it('builds where the cache is damaged or cannot be written, and keeps nothing of a build that failed', async () => {
  const { dir, write, build } = project('damaged');
  await build();
  const folder = join(dir, '.mote', 'cache');
  for (const name of readdirSync(folder)) writeFileSync(join(folder, name), 'x');
  expect((await build()).compiles).toBe(1);
  write('blocked', '');
  expect((await build({ cacheFolder: join(dir, 'blocked') })).compiles).toBe(1);
  write('limit.ts', 'export function limit(): i64 { return nothing; }\n');
  await expect(build()).rejects.toThrow(/nothing/);
  await expect(build()).rejects.toThrow(/nothing/);
});

it('keeps the modules that were used last', () => {
  const folder = join(root, 'kept');
  const cache = new ModuleCache(folder);
  const module = {
    wasm: new Uint8Array(),
    rom: new Uint8Array(),
    models: [],
    warnings: [],
    files: new Map(),
    debug: null,
  };
  const query = { config: {}, anyDefaults: false, read: () => null };
  for (let i = 0; i < 20; i++) cache.keep({ key: `key ${i}`, config: {}, inputs: new Map(), module });
  expect(readdirSync(folder)).toHaveLength(8);
  expect(cache.find({ ...query, key: 'key 19' })).toEqual(module);
  expect(cache.find({ ...query, key: 'key 0' })).toBeNull();
});
