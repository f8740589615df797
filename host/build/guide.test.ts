/** The apps that the guides show are built as they are shown. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { packagePath } from '../paths.ts';
import { buildApp } from './build.ts';

const root = mkdtempSync(join(tmpdir(), 'mote-guide-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const apps = ['README.md', 'docs/writing-an-app.md'].flatMap((file) =>
  [...readFileSync(packagePath(file), 'utf8').matchAll(/```ts\n(.*?)```/gs)]
    .map(([, code]) => code ?? '')
    .filter((code) => code.includes('export function step'))
    .map((code, i): [string, number, string] => [file, i + 1, code]),
);

it('there are apps in the guides', () => {
  expect(apps.map(([file]) => file)).toEqual(['README.md', 'docs/writing-an-app.md', 'docs/writing-an-app.md']);
});

it.each(apps)('%s, app %i builds without a warning', async (file, number, code) => {
  const dir = join(root, `${file.replaceAll(/\W/g, '-')}${number}`);
  mkdirSync(dir);
  writeFileSync(join(dir, 'app.ts'), code);
  writeFileSync(join(dir, 'mote.json'), '{ "name": "guide", "version": "1.0.0", "config": { "limit": 200 } }');
  expect((await buildApp(dir)).warnings).toEqual([]);
});
