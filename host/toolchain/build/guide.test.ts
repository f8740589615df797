/** The apps that the guides show are built as they are shown. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from 'cbor-x';
import { afterAll, expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import type { HostFunction } from '../../device/engine/engine.ts';
import { loadEngine } from '../../device/engine/index.ts';
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

it('the guide reads a command whatever else is in it', async () => {
  const dir = join(root, 'command');
  mkdirSync(dir);
  writeFileSync(join(dir, 'app.ts'), apps.find(([, , code]) => code.includes('subscribe'))![2]);
  writeFileSync(join(dir, 'mote.json'), '{ "name": "guide", "version": "1.0.0", "config": { "limit": 200 } }');
  const { wasm, rom, metadata } = await buildApp(dir);
  const sent: unknown[] = [];
  let body = new Uint8Array();
  const imports: Record<string, HostFunction> = {
    subscribe: () => 0,
    log: () => undefined,
    kv_get: () => -1,
    kv_set: () => 0,
    time_utc: () => 7n,
    config: (_name, _length, otherwise) => otherwise,
    message_read: (to) => {
      instance.bytes(Number(to), body.length).set(body);
      return body.length;
    },
    event: (_name, _length, from, length) => {
      sent.push(decode(instance.bytes(Number(from), Number(length)).slice()));
      return 0;
    },
  };
  const { fuel, memoryBytes } = metadata;
  const limits = { memoryBytes, stackBytes: 65536, fuel, deadlineMs: 5000 };
  const instance = (await loadEngine('v8')).load({ wasm, rom, imports, limits });
  instance.call('init');
  for (const message of [{ value: 3 }, { other: [1, { a: 2 }], more: 'x', value: 4 }, 5, { value: 'text' }]) {
    body = new Uint8Array(encode(message));
    instance.call('on_message', 0, body.length);
  }
  expect(sent).toEqual([
    { value: 3, utc: 7 },
    { value: 4, utc: 7 },
  ]);
});
