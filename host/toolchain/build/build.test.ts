import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MoteError, packagePath } from '../../base/index.ts';
import type { HostFunction, Value } from '../../device/engine/engine.ts';
import { ABI_VERSION, loadEngine } from '../../device/engine/index.ts';
import { buildHarness } from '../compiler/index.ts';
import { type BuildStep, buildApp } from './build.ts';

const root = mkdtempSync(join(tmpdir(), 'mote-build-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const MODEL = packagePath('models', 'micro_speech', 'model.tflite');
const STEP = 'export function step(now: i64): i64 { return now + 1000; }\n';
let projects = 0;

/** A user's project: a folder somewhere, without an installed package. */
function project(files: Record<string, string>, manifest: object = {}): string {
  const dir = join(root, `project-${projects++}`);
  mkdirSync(dir);
  writeFileSync(join(dir, 'mote.json'), JSON.stringify({ name: 'test', version: '1.2.3', ...manifest }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

/** Loads a module into V8. */
async function start(wasm: Uint8Array, more: { rom?: Uint8Array; fuel?: bigint; memoryBytes?: number } = {}) {
  const { rom = new Uint8Array(), fuel = 100_000n, memoryBytes = 65536 } = more;
  const imports = { config: (_name: Value, _length: Value, otherwise: Value) => otherwise };
  const limits = { memoryBytes, stackBytes: 65536, fuel, deadlineMs: 5000 };
  return (await loadEngine('v8')).load({ wasm, rom, imports: imports as Record<string, HostFunction>, limits });
}

/** The error of a build, as `code: message`. */
async function failure(dir: string): Promise<string> {
  try {
    await buildApp(dir);
  } catch (error) {
    if (error instanceof MoteError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('the build passed');
}

describe('buildApp', () => {
  it("builds the same bytes in a user's project and in this repository, in any folder", async () => {
    const app = packagePath('assembly', 'apps', 'keyword');
    const builds = [];
    for (const folder of ['near', join('far', 'away', 'node_modules_not')]) {
      const dir = join(root, folder, 'keyword');
      mkdirSync(dir, { recursive: true });
      cpSync(MODEL, join(dir, 'm.tflite'));
      const source = readFileSync(join(app, 'app.ts'), 'utf8').replaceAll("'../../", "'moteware/assembly/");
      writeFileSync(join(dir, 'app.ts'), source);
      const manifest = JSON.parse(readFileSync(join(app, 'mote.json'), 'utf8'));
      writeFileSync(join(dir, 'mote.json'), JSON.stringify({ ...manifest, models: { micro_speech: 'm.tflite' } }));
      builds.push(await buildApp(dir));
    }
    const [near, far] = builds;
    expect(Buffer.compare(near!.wasm, far!.wasm)).toBe(0);
    expect(Buffer.compare(near!.rom, far!.rom)).toBe(0);
    expect(near!.metadata).toEqual(far!.metadata);

    const here = await buildApp(app);
    const again = await buildApp(app);
    expect(Buffer.compare(here.wasm, again.wasm)).toBe(0);
    expect(Buffer.compare(here.rom, near!.rom)).toBe(0);
    // Only names of files in messages of failed checks may differ.
    expect(Math.abs(here.wasm.length - near!.wasm.length)).toBeLessThan(64);
    expect({ ...near!.metadata, memoryBytes: 0 }).toEqual({ ...here.metadata, memoryBytes: 0 });
    expect(readFileSync(join(root, 'near', 'keyword', 'generated', 'micro_speech.ts'), 'utf8')).not.toContain(root);
  });

  it('reads from init which sensors, metrics and commands the app uses', async () => {
    const dir = project({
      'app.ts': `
        import { metric, Sensor, subscribe } from 'moteware/assembly/mote';
        export function init(): void {
          Sensor.open('accelerometer');
          Sensor.find('thermometer');
          metric('rms', 'm/s2', -3);
          metric('temp', 'Cel', -2);
          subscribe('calibrate');
        }
        ${STEP}`,
    });
    const { metadata, warnings } = await buildApp(dir);
    expect(metadata.sensors).toEqual(['accelerometer', 'thermometer']);
    expect(metadata.metrics).toEqual([
      { name: 'rms', unit: 'm/s2', exponent: -3 },
      { name: 'temp', unit: 'Cel', exponent: -2 },
    ]);
    expect(metadata.commands).toEqual(['calibrate']);
    expect(warnings).toEqual([]);
  });

  it('returns every field of mote.json, and defaults for the others', async () => {
    const manifest = { sequence: 7, config: { limit: -5, gain: 3 }, trialMs: 1234, fuel: 5000, entry: 'main.ts' };
    const full = await buildApp(project({ 'main.ts': STEP }, manifest));
    expect(full).toMatchObject({ sequence: 7, config: { limit: -5, gain: 3 } });
    expect(full.metadata).toMatchObject({
      name: 'test',
      version: '1.2.3',
      abi: ABI_VERSION,
      trialMs: 1234,
      fuel: 5000n,
    });
    const least = await buildApp(project({ 'app.ts': STEP }));
    expect(least).toMatchObject({ sequence: 1, config: {}, rom: new Uint8Array() });
    expect(least.metadata).toMatchObject({ trialMs: 10_000, fuel: 20_000_000n, models: [], sensors: [] });
    expect(least.sizes.wasmBytes).toBeLessThan(500);
  });

  it('warns of a function that a small board may not be able to compile', async () => {
    const cases = Array.from({ length: 20 }, (_, i) => `case ${i}: return now * ${i + 3} ^ ${i * 77};`).join(' ');
    const source = `export function step(now: i64): i64 { switch (<i32>(now % 100)) { ${cases} } return 0; }`;
    const { warnings } = await buildApp(project({ 'app.ts': source }));
    expect(warnings).toEqual([
      expect.stringMatching(/^a function has 2\d blocks in one another, a small board.* 12: split/),
    ]);
  });

  it('generates settings as functions with the defaults of mote.json', async () => {
    const source = `import { limit } from './generated/config'; export function step(now: i64): i64 { return limit(); }`;
    const { wasm } = await buildApp(project({ 'app.ts': source }, { config: { limit: -2147483648 } }));
    const instance = await start(wasm);
    expect(instance.call('step', 0n)).toBe(-2147483648n);
  });

  it('runs top-level code at the beginning of init, within the limits of a call', async () => {
    const source = `let seven = make(); function make(): i64 { let n: i64 = 0; while (n < 7) n++; return n; }
      export function step(now: i64): i64 { return seven; }`;
    const { wasm } = await buildApp(project({ 'app.ts': source }));
    const instance = await start(wasm);
    expect(instance.call('step', 0n)).toBe(0n);
    expect(instance.call('init')).toBe(0);
    expect(instance.call('step', 0n)).toBe(7n);
  });

  it('is healthy after its first step if the app exports no health function', async () => {
    const { wasm } = await buildApp(project({ 'app.ts': STEP }));
    const instance = await start(wasm);
    expect(instance.call('health')).toBe(0);
    instance.call('step', 0n);
    expect(instance.call('health')).toBe(1);
  });

  // Loops end in any case, so that these tests fail instead of hanging if fuel doesn't stop them.
  it('charges an app for fuel whatever the name of its folder', async () => {
    const dir = project({
      'app.ts': `import { spin } from './assembly/nn/spin'; export function step(now: i64): i64 { spin(); return now; }`,
    });
    mkdirSync(join(dir, 'assembly', 'nn'), { recursive: true });
    writeFileSync(
      join(dir, 'assembly', 'nn', 'spin.ts'),
      'const at = memory.data(4); export function spin(): void { while (load<u32>(at) < 1e9) store<u32>(at, load<u32>(at) + 1); }',
    );
    const { wasm } = await buildApp(dir);
    const instance = await start(wasm);
    expect(() => instance.call('step', 0n)).toThrow(expect.objectContaining({ kind: 'fuel' }));
  });

  it('reports each step of the build as it begins', async () => {
    const steps: BuildStep[] = [];
    const dir = project({ 'app.ts': STEP, 'm.tflite': '' }, { models: { speech: 'm.tflite' } });
    cpSync(MODEL, join(dir, 'm.tflite'));
    await buildApp(dir, { onProgress: (step) => steps.push(step) });
    expect(steps).toEqual([{ step: 'model', name: 'speech' }, { step: 'compile' }, { step: 'check' }]);
  });

  it('puts several models one after another into the rom, and each runs', async () => {
    const source = `
      import * as one from './generated/one';
      import * as two from './generated/two';
      export function step(now: i64): i64 {
        memory.fill(one.input(), 3, one.INPUT_BYTES);
        memory.fill(two.input(), 3, two.INPUT_BYTES);
        one.invoke();
        two.invoke();
        return load<u32>(one.output()) == load<u32>(two.output()) ? load<u32>(two.output()) : -1;
      }`;
    const dir = project({ 'app.ts': source }, { models: { one: 'm.tflite', two: 'm.tflite' } });
    cpSync(MODEL, join(dir, 'm.tflite'));
    const { wasm, rom, metadata } = await buildApp(dir);
    expect(metadata.models.map(({ name }) => name)).toEqual(['one', 'two']);
    // The second model's addresses begin where the first one ends.
    expect(rom.length).toBe(2 * (await buildApp(packagePath('assembly', 'apps', 'keyword'))).rom.length);
    const run = async (bytes: Uint8Array) => (await start(wasm, { rom: bytes, fuel: metadata.fuel })).call('step', 0n);
    const answer = await run(rom);
    expect(answer).not.toBe(-1n);
    const broken = rom.slice();
    broken.fill(0x55, rom.length / 2 + 100);
    expect(await run(broken).catch(() => -1n)).toBe(-1n);
  });

  it('allocates as many pages as static data needs', async () => {
    const source = `const large = memory.data(150000);
      export function step(now: i64): i64 { store<u8>(large + 149999, 7); return load<u8>(large + 149999); }`;
    const { wasm, sizes } = await buildApp(project({ 'app.ts': source }));
    expect(sizes.memoryBytes).toBeGreaterThan(150_000);
    expect(sizes.memoryBytes).toBeLessThan(151_000);
    expect((await start(wasm, { memoryBytes: sizes.memoryBytes })).call('step', 0n)).toBe(7n);
  });

  it('uses the same layout for a model as the harness that verifies it', async () => {
    const app = await buildApp(packagePath('assembly', 'apps', 'keyword'));
    const harness = await buildHarness(readFileSync(MODEL));
    expect(harness.rom).toEqual(app.rom);
  });

  it('ignores a compiler configuration in the folder', async () => {
    const plain = await buildApp(project({ 'app.ts': STEP }));
    const configured = {
      'app.ts': STEP,
      'asconfig.json': '{ "options": { "noExportMemory": true, "memoryBase": 4096 } }',
    };
    expect((await buildApp(project(configured))).wasm).toEqual(plain.wasm);
  });
});

describe('a build that fails', () => {
  const step = (body: string) => `let n = 0;\nexport function step(now: i64): i64 { ${body}; return now; }\n`;

  it.each<[string, Record<string, string>, object, RegExp]>([
    [
      'has no model file',
      { 'app.ts': STEP },
      { models: { speech: 'gone.tflite' } },
      /^BUILD_MODEL: model speech isn't there: mote\.json says gone\.tflite/,
    ],
    [
      'has a model that is none',
      { 'app.ts': STEP, 'm.tflite': 'hello' },
      { models: { speech: 'm.tflite' } },
      /^MODEL_/,
    ],
    ['has no entry file', {}, {}, /^BUILD_MANIFEST: mote\.json has "entry": "app\.ts", but there is no such file/],
    [
      'has a type error',
      { 'app.ts': step("n = 'text'") },
      {},
      /^BUILD_COMPILE: app\.ts:2:\d+: Type .* is not assignable to type 'i32'/,
    ],
    [
      'uses a setting that mote.json lacks',
      { 'app.ts': `import * as config from './generated/config';\n${STEP.replace('1000', 'config.limit()')}` },
      {},
      /^BUILD_COMPILE: app\.ts:2:\d+: .*: mote\.json has no setting "limit"; add it as "config": \{ "limit": 0 \}/,
    ],
    ['has a syntax error', { 'app.ts': 'export function step( {' }, {}, /^BUILD_COMPILE: app\.ts:1:\d+: /],
    [
      'imports what is not there',
      { 'app.ts': `import { x } from 'moteware/assembly/nothing';\n${STEP}` },
      {},
      /^BUILD_COMPILE: .*moteware\/assembly\/nothing/s,
    ],
    [
      'has no step',
      { 'app.ts': 'export function init(): void {}' },
      {},
      /^BUILD_COMPILE: .*the app has no step: export function step\(now: i64\): i64/s,
    ],
    [
      'has a step of another type',
      { 'app.ts': 'export function step(): void {}' },
      {},
      /^BUILD_COMPILE: the app exports a function with other types than the node calls: .*step\(now: i64\): i64/,
    ],
    [
      'has an init that wants something',
      { 'app.ts': `export function init(x: i32): void {}\n${STEP}` },
      {},
      /^BUILD_COMPILE: the app exports a function with other types .*init\(\): void/,
    ],
    [
      'makes objects',
      { 'app.ts': `class A { x: i32 = 1 }\n${step('n += new A().x')}` },
      {},
      /^BUILD_HEAP: nodes have no heap, but it is used by app\/A#constructor \(through __new\): use memory\.data/,
    ],
    ['joins strings', { 'app.ts': step('n += ("a" + n.toString()).length') }, {}, /^BUILD_HEAP: .*app\/step/],
    ['grows its memory', { 'app.ts': step('memory.grow(1)') }, {}, /^WASM_FEATURE: .*grows its memory/],
    [
      'imports a foreign function',
      { 'app.ts': `@external('env', 'magic') declare function magic(): void;\n${step('magic()')}` },
      {},
      /^WASM_IMPORT: module imports env\.magic/,
    ],
    [
      'prints to a console',
      { 'app.ts': step("console.log('hi')") },
      {},
      /^BUILD_IMPORT: app\/step uses console\.log, which no node has: use log\.info/,
    ],
    ['asks for the date', { 'app.ts': step('n += <i32>Date.now()') }, {}, /^BUILD_IMPORT: app\/step .*: use time\.utc/],
    ['throws dice', { 'app.ts': step('n += <i32>(Math.random() * 6)') }, {}, /^BUILD_IMPORT: .*: use random\(\)/],
    [
      'traps in init',
      { 'app.ts': `export function init(): void { unreachable(); }\n${STEP}` },
      {},
      /^BUILD_INIT: the app's init fails/,
    ],
    [
      'throws in init',
      { 'app.ts': `export function init(): void { throw new Error('not today'); }\n${STEP}` },
      {},
      /^BUILD_INIT: .*it logged: not today at app\.ts:1:\d+/,
    ],
    [
      'loops for ever in init',
      {
        'app.ts': `const at = memory.data(4); export function init(): void { while (load<u32>(at) < 1e9) store<u32>(at, load<u32>(at) + 1); }\n${STEP}`,
      },
      {},
      /^BUILD_INIT: .*fuel/,
    ],
  ])('because it %s reports that', async (_what, files, manifest, expected) => {
    expect(await failure(project(files, manifest))).toMatch(expected);
  });

  it('because its model is a folder reports that', async () => {
    const dir = project({ 'app.ts': STEP }, { models: { speech: 'm.tflite' } });
    mkdirSync(join(dir, 'm.tflite'));
    expect(await failure(dir)).toMatch(/^BUILD_MODEL: model speech can't be read: EISDIR/);
  });

  it('because an assertion fails in init reports which', async () => {
    const source = `let n = 3;\nexport function init(): void { assert(n > 3, 'too few'); }\n${STEP}`;
    expect(await failure(project({ 'app.ts': source }))).toMatch(/^BUILD_INIT: .*it logged: too few at app\.ts:2:\d+/);
  });

  it('because there is no mote.json reports that', async () => {
    expect(await failure(root)).toMatch(/^BUILD_MANIFEST: there is no mote\.json in /);
  });

  it.each([
    ['a float', 'n += <i32>(<f64>now * 1.5)'],
    ['a number', 'const x: number = n; n = <i32>(x / 3)'],
    ['a root', 'n = <i32>Math.sqrt(n)'],
  ])('warns of a step that calculates with %s', async (_what, body) => {
    const { warnings } = await buildApp(project({ 'app.ts': step(body) }));
    expect(warnings).toEqual([expect.stringMatching(/^app\/step calculates with floats: /)]);
  });

  it.each([
    ['refuse(DENIED)', -3],
    ["metric('twice', '1'); metric('twice', '1')", -4],
    ["metric('huge', '1', 19)", -4],
    [`Sensor.open('${'x'.repeat(65)}')`, -2],
    ["subscribe('')", -4],
  ])('warns of an init that aborts the start on any node: %s', async (body, error) => {
    const source = `import { DENIED, metric, refuse, Sensor, subscribe } from 'moteware/assembly/mote';
      export function init(): void { ${body}; }
      ${STEP}`;
    const { warnings } = await buildApp(project({ 'app.ts': source }));
    expect(warnings).toEqual([expect.stringContaining(`init refuses to start with error ${error}`)]);
  });
});
