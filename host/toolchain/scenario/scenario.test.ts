import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { appOf, findScenarios, readScenario, writeExpectations } from './scenario.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-scenario-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

it.each([
  ['inputs: []\n', /bad\.test\.yaml must have required property 'name'/],
  ['name: a\ninput: [x]\n', /must NOT have additional properties \(input\)/],
  ['name: a\nconfig: {limit: 1.5}\n', /config\.limit must be integer/],
  ['name: a\nexpect: {metrics: {m: {average: 1}}}\n', /expect\.metrics\.m must NOT have .*\(average\)/],
  ['name: a\nat: [{send: x}]\n', /at\.0 must have required property 't'/],
  ['name: [\n', /bad\.test\.yaml: Flow sequence/],
])('a mistake is reported with its place: %j', (text, sentence) => {
  expect(() => readScenario(file('bad.test.yaml', text))).toThrow(sentence);
  expect(() => readScenario(file('bad.test.yaml', text))).toThrow(expect.objectContaining({ code: 'SCENARIO' }));
});

it('expectations are written, and the rest of the file is kept with its comments', () => {
  const path = file('a.test.yaml', '# why\nname: a # yes\nexpect:\n  events: []\nseconds: 2\n');
  writeExpectations(path, { events: [{ t: 1.5, name: 'x', body: { word: 'yes' } }] });
  const text = readFileSync(path, 'utf8');
  expect(text).toMatch(/^# why\nname: a # yes\nexpect:\n {2}events:\n {4}- t: 1\.5\n/);
  expect(text).toMatch(/\nseconds: 2\n$/);
  expect(readScenario(path).scenario.expect).toEqual({ events: [{ t: 1.5, name: 'x', body: { word: 'yes' } }] });
  const json = file('a.test.json', '{"name": "a", "seconds": 2}');
  writeExpectations(json, { events: [] });
  expect(readScenario(json).scenario).toEqual({ name: 'a', seconds: 2, expect: { events: [] } });
});

it('scenarios are found in an app and its folders, but not in what is built or installed', () => {
  const app = join(dir, 'app');
  for (const folder of ['scenarios', 'node_modules', 'build']) mkdirSync(join(app, folder), { recursive: true });
  file('app/mote.json', '{}');
  const files = ['app/b.test.yml', 'app/scenarios/a.test.json'].map((name) => file(name, 'name: a'));
  for (const name of ['app/app.test.ts', 'app/node_modules/x.test.yaml', 'app/build/x.test.yaml']) file(name, '');
  expect(findScenarios(app)).toEqual(files);
  expect(files.map(appOf)).toEqual([app, app]);
  expect(() => appOf(join(dir, 'x.test.yaml'))).toThrow(/in no app/);
});
