/** `mote test` and commands in `mote sim`, as a user calls them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mote, ndjson } from './program.ts';

const APP = `import { event, subscribe, message, CONFIG_CHANGED, metric, Metric } from 'moteware/assembly/mote';
import * as config from './generated/config';

let gain: i32 = -1;
let level!: Metric;
export function init(): void {
  gain = subscribe('gain');
  level = metric('level', '1');
}
export function step(now: i64): i64 {
  level.put(now, config.limit());
  return now + 500_000;
}
export function onMessage(id: i32, length: i32): void {
  if (id == CONFIG_CHANGED) event('limit').int('value', config.limit()).send();
  if (id != gain) return;
  const body = message();
  let value: i64 = 0;
  if (body.map() == 1 && body.key('value')) value = body.int();
  event('gain').int('value', value).send();
}
`;
const SCENARIO = `name: passes its gain on
seconds: 3
at:
  - { t: 1, send: gain, body: { value: 7 } }
  - { t: 1.5, config: { limit: 9 } }
  - { t: 2, send: unknown, ok: false }
expect:
  events:
    - { t: 1, name: gain, body: { value: 7 } }
    - { t: 1.5, name: limit, body: { value: 9 } }
`;

let dir: string;
const inApp = (...args: string[]) => mote(args, join(dir, 'press'));
const write = (name: string, text: string) => writeFileSync(join(dir, 'press', name), text);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-test-'));
  await mote(['new', 'press'], dir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('mote test', () => {
  it('passes in a new project, with its one scenario', async () => {
    const { scripts } = JSON.parse(readFileSync(join(dir, 'press', 'package.json'), 'utf8'));
    expect(scripts.test).toBe('mote test');
    const { code, stdout, stderr } = await inApp('test');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/✓ reports a failing bearing.*bearing\.test\.yaml.*\n\n1 passed, 0 failed\n$/);
    write('app.ts', APP);
    write('mote.json', JSON.stringify({ name: 'press', version: '1.0.0', config: { limit: 5 } }));
    rmSync(join(dir, 'press', 'bearing.test.yaml'));
  });

  it('delivers commands and settings at their times, and reports each difference', async () => {
    write('gain.test.yaml', SCENARIO);
    expect(await inApp('test')).toMatchObject({ code: 0, stderr: '' });
    write('gain.test.yaml', SCENARIO.replace('name: gain, body: { value: 7 }', 'name: gain, body: { value: 8 }'));
    const failed = await inApp('test', '--junit', 'results.xml');
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/✗ passes its gain on .*\n {4}event gain at 1 s: body\.value\n {6}- 8\n {6}\+ 7\n/);
    expect(readFileSync(join(dir, 'press', 'results.xml'), 'utf8')).toMatch(/failures="1".*[\s\S]*<failure message=/);
    write('gain.test.yaml', SCENARIO.replace(', ok: false', ''));
    expect((await inApp('test')).stdout).toMatch(/command unknown at 2 s\n {6}- the node accepts it\n {6}\+ .*unknown/);
    write('gain.test.yaml', SCENARIO.replace('t: 2,', 't: 20,'));
    expect((await inApp('test')).stdout).toMatch(/1 of "at"\n {6}- within the run\n {6}\+ it ended at 3 s/);
  });

  it('writes what was seen with --update, and only where it differs', async () => {
    write('gain.test.yaml', SCENARIO);
    write('new.test.json', JSON.stringify({ name: 'new', seconds: 1 }));
    const before = await inApp('test', '--json');
    expect([before.code, ndjson(before.stdout).at(-1)]).toEqual([
      1,
      { type: 'result', passed: 1, failed: 1, updated: 0, filtered: 0 },
    ]);
    const updated = ndjson((await inApp('test', '--update', '--json')).stdout);
    expect(updated.map(({ state }) => state)).toEqual(['passed', 'updated', undefined]);
    expect(readFileSync(join(dir, 'press', 'gain.test.yaml'), 'utf8')).toBe(SCENARIO);
    expect(JSON.parse(readFileSync(join(dir, 'press', 'new.test.json'), 'utf8')).expect).toEqual({
      events: [],
      metrics: { level: { count: expect.any(Number), min: 5, max: 5, mean: 5, last: 5 } },
    });
    expect((await inApp('test', '--filter', 'gain', '--json')).stdout).toMatch(/"passed":1,.*"filtered":1/);
  });

  it('ends with 2 for a mistake in a scenario, and where there is none', async () => {
    write('bad.test.yaml', 'name: a\ninput: [b.csv]\n');
    expect(await inApp('test')).toMatchObject({ code: 2, stderr: expect.stringMatching(/\(input\).*\[SCENARIO\]/) });
    rmSync(join(dir, 'press', 'bad.test.yaml'));
    expect(await inApp('test', '--filter', 'nothing')).toMatchObject({ code: 2 });
  });
});

describe('mote sim', () => {
  it('sends commands at times of the node', async () => {
    const sent = await inApp(
      ...['sim', '--seconds', '3', '--at', '1s', '--send', 'gain={"value": 3}'],
      ...['--at', '1500ms', '--send', 'gain', '--at', '9', '--send', 'gain', '--json'],
    );
    const lines = ndjson(sent.stdout);
    expect(lines.filter(({ type }) => type === 'event')).toMatchObject([
      { t: 1, name: 'gain', body: { value: 3 } },
      { t: 1.5, name: 'gain', body: { value: 0 } },
    ]);
    expect(lines.filter(({ state }) => state === 'command')).toMatchObject([{ ok: true }, { ok: true }]);
    expect(lines.find(({ type }) => type === 'problem')).toMatchObject({
      message: expect.stringMatching(/^1 command/),
    });
  });

  it.each([
    [['--at', '1s'], /Each --send takes an --at/],
    [['--at', 'soon', '--send', 'gain'], /--at takes a time/],
    [['--at', '1', '--send', 'gain={'], /--send gain takes JSON/],
  ])('rejects %j', async (args, sentence) => {
    expect(await inApp('sim', '--seconds', '1', ...args)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(sentence),
    });
  });
});
