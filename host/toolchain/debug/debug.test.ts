import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import { compileAssembly } from '../assembly/asc.ts';
import { makeModule } from '../assembly/fuel.ts';
import { readSource, sourceTree } from '../assembly/index.ts';
import { compileModule } from '../assembly/module.ts';
import { parseSourceMap } from '../assembly/source-map.ts';
import { type DebugInfo, parseDebugInfo, sha256 } from './debug-info.ts';
import { makeDebugInfo } from './make.ts';
import { findDebugInfo, saveDebugInfo, savePackageDigest } from './store.ts';
import { trace } from './trace.ts';

const APP = `import { max3 } from './max';
let sum: i32 = 0;
export function init(): i32 { return 0; }
export function step(now: i64): i64 {
  for (let i = 0; i < 8; i++) sum += max3(i, sum, 7) / sum;
  return now + sum;
}
export function health(): i32 { return 1; }
export function on_message(id: i32, length: i32): void {}
export function memory_bytes(): usize { return __heap_base; }
export { abort } from '../assembly/mote/abort';
`;
const MAX = 'export function max3(a: i32, b: i32, c: i32): i32 {\n  return max(max(a, b), c) / b;\n}\n';
const { library } = sourceTree(packagePath());
const read = (name: string) => ({ 'test/app.ts': APP, 'test/max.ts': MAX })[name] ?? readSource(packagePath(), name);
const options = { entry: 'test/app.ts', readFile: read, target: 'model' as const };
const folder = mkdtempSync(join(tmpdir(), 'mote-debug-'));
let wasm: Uint8Array;
let info: DebugInfo;
beforeAll(async () => {
  const made = await compileModule({ ...options, library });
  wasm = made.wasm;
  info = makeDebugInfo(wasm, made.debug!, library, read);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a module has the same bytes with and without debug information', async () => {
  const args = ['--use', `abort=${library}/mote/abort/abort`];
  const [plain, mapped] = [
    await compileAssembly({ ...options, args }),
    await compileAssembly({ ...options, args, sourceMap: true }),
  ];
  expect(sha256(mapped.wasm)).toBe(sha256(plain.wasm));
  expect(sha256(makeModule(plain.wasm, null, {}).wasm)).toBe(sha256(wasm));
  expect(Buffer.from(wasm).includes('max3')).toBe(false);
});

it('finds the line of an instruction, and shows it only while the source is the same', () => {
  const division = Buffer.from(wasm).indexOf(0x6d, info.functions.find(([, name]) => name.endsWith('step'))![0]);
  const found = trace(info, [division], packagePath())!;
  expect(found.place).toMatchObject({ file: expect.stringMatching(/^test\/(app|max)\.ts$/) });
  expect([`test/app.ts:5`, `test/max.ts:2`]).toContain(`${found.place.file}:${found.place.line}`);
  expect(found.source).toEqual([]);
});

it('is found by the digest of a module and of its package', () => {
  saveDebugInfo(folder, info);
  savePackageDigest(folder, new Uint8Array([1, 2]), wasm);
  expect(findDebugInfo(folder, info.module)).toEqual(info);
  expect(findDebugInfo(folder, sha256(new Uint8Array([1, 2])))).toEqual(info);
  expect(findDebugInfo(folder, sha256(new Uint8Array([3])))).toBeNull();
  writeFileSync(join(folder, `${'0'.repeat(64)}.json`), `{"package":"${'0'.repeat(64)}","module":"../../etc/passwd"}`);
  expect(findDebugInfo(folder, '0'.repeat(64))).toBeNull();
});

it('rejects what is no debug information of that module', () => {
  const change = (changes: object) => parseDebugInfo(JSON.stringify({ ...info, ...changes }), info.module);
  expect(change({})).toEqual(info);
  for (const changes of [
    { format: 2 },
    { module: '0'.repeat(64) },
    { library: null },
    {
      functions: [
        [5, 'a'],
        [4, 'b'],
      ],
    },
    { functions: [[-1, 'a']] },
    { functions: 'x' },
    { sources: [['app.ts', 'no digest']] },
    { mappings: [1, 0, 1] },
    { mappings: [1, 99_999, 1, 1] },
    { mappings: [5, 0, 1, 1, 4, 0, 1, 1] },
    { mappings: [1, 0, 0, 1] },
    { mappings: [1.5, 0, 1, 1] },
  ])
    expect(change(changes), JSON.stringify(changes)).toBeNull();
  for (const text of ['', '[', 'null', '[]', '{}']) expect(parseDebugInfo(text, info.module)).toBeNull();
});

it('reads a source map, and rejects a damaged one', () => {
  const sources = ['a.ts'];
  expect(parseSourceMap({ sources, mappings: 'KAAA,EACC,C' })).toEqual({
    sources,
    mappings: [
      { offset: 5, source: 0, line: 1, column: 1 },
      { offset: 7, source: 0, line: 2, column: 2 },
    ],
  });
  for (const mappings of ['KAA', 'K!AA', 'DAAA', 'KCAA', 'KADA', 'g', 'gggggggggB', 7])
    expect(parseSourceMap({ sources, mappings }), `${mappings}`).toBeNull();
  for (const value of [null, [], {}, { sources: [1], mappings: '' }]) expect(parseSourceMap(value)).toBeNull();
});
