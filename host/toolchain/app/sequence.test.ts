import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raiseSequence } from './sequence.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-sequence-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const raise = async (text: string, least: number) => {
  writeFileSync(join(dir, 'mote.json'), text);
  const { from, to } = await raiseSequence(dir, least);
  return [from, to, readFileSync(join(dir, 'mote.json'), 'utf8')];
};

describe('the sequence of an app', () => {
  it.each([
    [
      'is raised in its place',
      '{ "name":"a", "sequence" : 3,\n\t"version":"1.0.0" }\n',
      9,
      [3, 9, '{ "name":"a", "sequence" : 9,\n\t"version":"1.0.0" }\n'],
    ],
    [
      'is added where it is absent',
      '{"name":"a","version":"1.0.0"}',
      2,
      [1, 2, '{\n  "sequence": 2,"name":"a","version":"1.0.0"}'],
    ],
    [
      'stays when it is high enough',
      '{"name":"a","version":"1.0.0","sequence":9}',
      9,
      [9, 9, '{"name":"a","version":"1.0.0","sequence":9}'],
    ],
    [
      'is not mistaken for a setting of that name',
      '{"name":"a","version":"1.0.0","config":{"sequence":1}}',
      4,
      [1, 4, `${JSON.stringify({ name: 'a', version: '1.0.0', config: { sequence: 1 }, sequence: 4 }, null, 2)}\n`],
    ],
  ])('%s', async (_, text, least, result) => {
    expect(await raise(text, least)).toEqual(result);
  });

  it('is in a folder: a package is signed with its own', async () => {
    await expect(raiseSequence(join(dir, 'app.mote'), 2)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(raise('{"name":"a","version":"1.0.0"}', 2 ** 32)).rejects.toMatchObject({ code: 'PKG_SEQUENCE' });
  });
});
