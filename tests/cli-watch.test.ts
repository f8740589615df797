/** What takes no build: equal sources, a changed setting or input under `--watch`, and mistakes in options. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../host/messaging/mqtt/testing.ts';
import { mote, ndjson, startMote } from './program.ts';

let dir: string;
const at = (...parts: string[]) => join(dir, ...parts);
const SINE = 'accelerometer=sine:rate=1000,freq=25,amplitude=300,seconds=2';

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-watch-'));
  expect((await mote(['new', 'press'], dir)).code).toBe(0);
  expect((await mote(['new', 'unbuilt'], dir)).code).toBe(0);
  rmSync(at('unbuilt', 'generated'), { recursive: true });
  expect((await mote(['key', 'new', 'release.pem'], dir)).code).toBe(0);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const settings = (alarm: number) => {
  const manifest = JSON.parse(readFileSync(at('press', 'mote.json'), 'utf8'));
  // As an editor saves: a new file in the place of the old one.
  writeFileSync(at('press', 'mote.json~'), JSON.stringify({ ...manifest, config: { alarm, clear: 0 } }));
  renameSync(at('press', 'mote.json~'), at('press', 'mote.json'));
};

it('compiles once for build, sim, sim --set and a changed setting', async () => {
  const BUILT = /^built press/m;
  const sim = (...args: string[]) => mote(['sim', 'press', '-i', SINE, ...args], dir);
  expect((await mote(['build', 'press'], dir)).stdout).toMatch(BUILT);
  expect((await mote(['build', 'press'], dir)).stdout).toMatch(/^press 1\.0\.0 is built already$/m);
  const plain = await sim();
  expect([plain.code, plain.stdout]).toEqual([0, expect.stringMatching(/^press 1\.0\.0 is built already$/m)]);
  expect(plain.stdout).toMatch(/\n0 events;/);
  const set = await sim('--set', 'alarm=100');
  expect(set.stdout).not.toMatch(BUILT);
  expect(set.stdout).toMatch(/\n1 events;/);
  settings(100);
  const changed = await sim();
  expect(changed.stdout).not.toMatch(BUILT);
  expect(changed.stdout).toMatch(/\n1 events;/);
  // A folder that projects share.
  renameSync(at('press', '.mote', 'cache'), at('shared'));
  const shared = await mote(['sim', 'press', '-i', SINE], dir, { MOTE_CACHE: at('shared') });
  expect(shared.stdout).not.toMatch(BUILT);
  settings(250);
});

it('--watch runs again for a saved setting, input and source, and reports an error without ending', async () => {
  writeFileSync(at('quiet.csv'), `x\n${'1\n'.repeat(600)}`);
  const input = `${at('quiet.csv')}:rate=1000`;
  const watch = startMote(['sim', 'press', '-i', input, '--watch', '--json'], dir);
  const seen = new Set<string>();
  /** The first line of a kind that was not returned before; the times in it make each line of a run unique. */
  const next = async (kind: string) => {
    const line = await watch.line((text) => {
      const data = JSON.parse(text);
      return !seen.has(text) && (data.type === kind || Object.hasOwn(data, kind));
    });
    seen.add(line);
    return JSON.parse(line);
  };
  expect(await next('end')).toMatchObject({ events: 0 });
  settings(0);
  expect(await next('saved')).toEqual({ type: 'saved', file: 'mote.json' });
  expect(await next('end')).toMatchObject({ events: 1 });
  settings(250);
  expect(await next('end')).toMatchObject({ events: 0 });
  writeFileSync(at('quiet.csv'), `x\n${'0\n2000\n'.repeat(600)}`);
  expect(await next('end')).toMatchObject({ events: 1, sensors: { accelerometer: { produced: 1200 } } });
  const source = readFileSync(at('press', 'app.ts'), 'utf8');
  appendFileSync(at('press', 'app.ts'), 'nonsense;\n');
  expect(await next('error')).toMatchObject({ error: { code: 'BUILD_COMPILE' } });
  writeFileSync(at('press', 'app.ts'), source.replace("event('vibration')", "event('shock')"));
  expect(await next('end')).toMatchObject({ events: 1 });
  watch.kill('SIGINT');
  const { code, stdout } = await watch.ended;
  expect(code).toBe(0);
  expect(ndjson(stdout).findLast(({ type }) => type === 'event')).toMatchObject({ name: 'shock' });
});

describe('a mistake is reported before anything is built', () => {
  it.each([
    ['sim', ['-i', 'nowhere.wav'], /nowhere\.wav can't be read/],
    ['sim', ['-i', SINE, '--set', 'alrm=1'], /no setting "alrm"/],
    ['sim', ['-i', SINE, '--state', 'x.flash', '-k', 'none.pem'], /none\.pem can't be read/],
    ['sim', ['-i', SINE, '--state', 'x.flash', '--trust', 'none.pub'], /none\.pub can't be read/],
    ['sim', ['-i', 'sine:rate=9,freq=1,amplitude=1'], /The input never ends/],
    ['sim', ['-i', SINE, '--watch', '--engine', 'v9'], /--engine is one of/],
    ['sim', ['-i', SINE, '--taps', 'release.pem'], /--taps release\.pem isn't a folder/],
    ['run', ['--board', 'linux', '-i', 'nowhere.wav'], /nowhere\.wav can't be read/],
    ['run', ['--board', 'linux', '-i', SINE, '-k', 'none.pem'], /none\.pem can't be read/],
    ['run', ['--board', 'linux', '-i', SINE, '--set', 'alrm=1'], /no setting "alrm"/],
    ['run', ['--board', 'linux', '-i', SINE, '--broker', 'mqtt://127.0.0.1:PORT'], /can't be reached/],
    ['push', ['-k', 'none.pem'], /none\.pem can't be read/],
    ['push', ['--node', 'a/b'], /a\/b/],
    ['push', ['--broker', 'mqtt://127.0.0.1:PORT'], /can't be reached/],
    ['build', ['-k', 'none.pem'], /none\.pem can't be read/],
    ['build', ['--set', 'alrm=1'], /no setting "alrm"/],
  ])('mote %s %j', async (command, args, sentence) => {
    const port = String(await freePort());
    const { code, stderr } = await mote([command, 'unbuilt', ...args.map((text) => text.replace('PORT', port))], dir);
    expect(stderr).toMatch(sentence);
    expect(code).toBe(2);
    // A build begins with the files that it generates.
    expect(existsSync(at('unbuilt', 'generated'))).toBe(false);
  });
});
