import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { buildApp } from './build.ts';

const root = mkdtempSync(join(tmpdir(), 'mote-habits-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it.each([
  ['closure', 'let n: i64 = now; const f = (): i64 => n; f();', /Closures \(.*pass them as parameters\)/],
  ['exception', 'try { seen = now; } catch (e) { seen = 1; }', /Exceptions \(.*return an error number/],
  ['json', 'JSON.stringify(now);', /'JSON'\. \(use event\(name\)/],
  ['object', 'const o = { a: 1 };', /\(an object literal needs a heap/],
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
