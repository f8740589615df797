import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { MoteError } from '../../base/index.ts';
import { buildApp } from './build.ts';

const root = mkdtempSync(join(tmpdir(), 'mote-habits-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it.each([
  ['closure', 'let n: i64 = now; const f = (): i64 => n; f();', /Closures \(.*pass them as parameters\)/],
  ['exception', 'try { seen = now; } catch (e) { seen = 1; }', /Exceptions \(.*return an error number/],
  ['json', 'JSON.stringify(now);', /'JSON'\. \(use event\(name\)/],
  ['object', 'const o = { a: 1 };', /\(an object literal needs a heap/],
  ['random', 'seen = i64(Math.random());', /uses Math\.random, which no node has: use random\(\)/],
  ['number', 'const n: number = 3; seen += n;', /\(number is f64, and a node calculates with integers: use i32/],
  ['await', 'await step(now);', /\(a node has no promises/],
  ['nullish', 'const s: string | null = null; const l = s ?? "";', /instead of a \?\? b write: a \? a : b/],
  ['async', 'async function f() {}', /\(a node has no promises/],
  ['optional', 'const s: string | null = null; const l = s?.length;', /\(instead of a\?\.b write: if \(a\) a\.b\)/],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of an app
  ['template', 'log.info(`t ${now}`);', /a text that is made needs a heap: use log\.info\('text', value\)/],
  ['array', 'const a = [now, 2]; seen = a[0];', /an array needs a heap: use samples16\(n\) or values32\(n\)/],
])('a build that fails by the habit "%s" names what to write instead', async (name, code, advice) => {
  const dir = join(root, name);
  mkdirSync(dir);
  writeFileSync(join(dir, 'mote.json'), JSON.stringify({ name: 'test', version: '1.0.0' }));
  const step = `export function step(now: i64): i64 { ${code} return seen + now; }`;
  writeFileSync(join(dir, 'app.ts'), `import { log } from 'moteware/assembly/mote';\nlet seen: i64 = 0;\n${step}\n`);
  await expect(buildApp(dir)).rejects.toThrow(advice);
});

it('warns of number where it compiles, because it is a float', async () => {
  const dir = join(root, 'float');
  mkdirSync(dir);
  writeFileSync(join(dir, 'mote.json'), JSON.stringify({ name: 'test', version: '1.0.0' }));
  const code = 'let ratio: number = 1;\nexport function step(now: i64): i64 { ratio *= 1.5; return now + 1000; }\n';
  writeFileSync(join(dir, 'app.ts'), code);
  const { warnings } = await buildApp(dir);
  expect(warnings).toEqual([
    expect.stringMatching(/app\/step calculates with floats: .*in place of number, which is f64/),
  ]);
});

it('has the place of each error with the lines of its source', async () => {
  const dir = join(root, 'places');
  mkdirSync(dir);
  writeFileSync(join(dir, 'mote.json'), JSON.stringify({ name: 'test', version: '1.0.0' }));
  const lines = ['export function step(now: i64): i64 {', '  const count: i32 = now;', '  return later;', '}'];
  writeFileSync(join(dir, 'app.ts'), lines.join('\n'));
  const error = await buildApp(dir).catch((error: unknown) => error as MoteError);
  const source = (line: number) => [line - 1, line].map((one) => ({ line: one, text: lines[one - 1] }));
  expect((error as MoteError).places).toEqual([
    {
      file: 'app.ts',
      line: 2,
      column: 22,
      length: 3,
      message: expect.stringMatching(/'i64' to 'i32'/),
      source: source(2),
    },
    { file: 'app.ts', line: 3, column: 10, length: 5, message: "Cannot find name 'later'.", source: source(3) },
  ]);
});
