/** What an operator does to a node in the field from the command line: push, send, config. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../host/messaging/mqtt/testing.ts';
import { mote, ndjson, type Program, startMote } from './program.ts';

const APP = `import { event, subscribe, message, CONFIG_CHANGED } from 'moteware/assembly/mote';
import * as config from './generated/config';

let gain: i32 = -1;
export function init(): void {
  gain = subscribe('gain');
}
export function step(now: i64): i64 {
  return now + 1_000_000;
}
export function onMessage(id: i32, length: i32): void {
  if (id == CONFIG_CHANGED) event('limit').int('value', config.limit()).send();
  if (id != gain) return;
  const body = message();
  let value: i64 = 0;
  for (let left = body.map(); left > 0; left--) {
    if (body.key('value')) value = body.int();
    else {
      body.skip();
      body.skip();
    }
  }
  assert(value != 13, 'an unlucky number');
  event('gain').int('value', value).send();
}
`;
const MANIFEST = { name: 'press', version: '1.0.0', sequence: 1, trialMs: 500, config: { limit: 5 } };

let dir: string;
let broker: string;
const running: Program[] = [];
let node: Program;
const run = (...args: string[]) => mote([...args, '--broker', broker], dir);
const event = (name: string, value: number) =>
  node.line((line) => {
    const seen = JSON.parse(line);
    return seen.type === 'event' && seen.name === name && seen.body.value === value;
  });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-send-'));
  await Promise.all([mote(['new', 'press'], dir), mote(['key', 'new'], dir)]);
  writeFileSync(join(dir, 'press', 'app.ts'), APP);
  writeFileSync(join(dir, 'press', 'mote.json'), JSON.stringify(MANIFEST));
  const [port, brokerPort] = [await freePort(), await freePort()];
  broker = `mqtt://127.0.0.1:${brokerPort}`;
  const shim = startMote(
    ['shim', '--listen', `127.0.0.1:${port}`, '--broker', `embedded:${brokerPort}`, '--json'],
    dir,
  );
  running.push(shim);
  await shim.line((line) => JSON.parse(line).type === 'listening');
  node = startMote(
    ['sim', 'press', '--connect', `127.0.0.1:${port}`, '--node', 'hall', '--key', 'release.pem', '--json'],
    dir,
  );
  running.push(node);
  await shim.line((line) => JSON.parse(line).state === 'online');
});
afterAll(async () => {
  for (const program of running) program.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  rmSync(dir, { recursive: true, force: true });
});

describe('mote send', () => {
  it('sends a command with its body, and reports the answer of the node', async () => {
    const done = await run('send', 'hall', 'gain', '{"value": 3}');
    expect(done).toEqual({ code: 0, stdout: 'hall: done\n', stderr: '' });
    await event('gain', 3);
  });

  it('ends with 1 when the node fails a command, lacks it, or is unknown', async () => {
    const unknown = await run('send', 'hall', 'blink', '--json');
    expect([unknown.code, ndjson(unknown.stdout)]).toEqual([
      1,
      [{ type: 'answer', node: 'hall', name: 'blink', ok: false, text: expect.stringMatching(/no command "blink"/) }],
    ]);
    expect(await run('send', 'nobody', 'gain', '--timeout', '1')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/nobody has never been seen .* not delivered later\. \[COMMAND_TIMEOUT\]/),
    });
  });

  it('ends with 2 for a body that is no JSON', async () => {
    expect(await run('send', 'hall', 'gain', '{value: 3}')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/takes JSON, such as .*\[USAGE\]/),
    });
  });
});

describe('mote config', () => {
  it('changes settings, keeps the others, and shows them', async () => {
    const set = await run('config', 'hall', 'limit=300', 'agent.vitals_s=60');
    expect([set.code, set.stderr]).toEqual([0, '']);
    await event('limit', 300);
    const shown = await run('config', 'hall', '--json');
    expect(ndjson(shown.stdout)[0]).toMatchObject({ values: { limit: 300, 'agent.vitals_s': 60 }, delivered: true });
    await run('config', 'hall', 'limit=');
    await event('limit', 5);
    const left = await run('config', 'hall');
    expect(left.stdout).toBe('hall:\n  agent.vitals_s  60\n');
  });

  it('stores the configuration of a node that is away, and ends with 1', async () => {
    const away = await run('config', 'late', 'limit=7');
    expect([away.code, away.stdout]).toEqual([1, expect.stringMatching(/late has never been seen .*when it connects/)]);
    expect((await run('config', 'late')).stdout).toMatch(/limit {2}7/);
  });

  it('rejects what is no setting', async () => {
    for (const setting of ['limit', 'limit=x', 'limit=5000000000'])
      expect(await run('config', 'hall', setting)).toMatchObject({ code: 2, stderr: expect.stringMatching(/USAGE/) });
  });
});

describe('mote push', () => {
  const push = (...args: string[]) => run('push', 'press', '--node', 'hall', '--key', 'release.pem', ...args);
  const sequence = () => JSON.parse(readFileSync(join(dir, 'press', 'mote.json'), 'utf8')).sequence;

  it("reports where the node's sequence stands, publishes nothing, and with --bump goes above it", async () => {
    writeFileSync(join(dir, 'press', 'mote.json'), JSON.stringify({ ...MANIFEST, version: '1.1.0' }));
    const behind = await push();
    expect([behind.code, behind.stderr]).toEqual([
      1,
      expect.stringMatching(
        /hall runs press 1\.0\.0, sequence 1; this package has sequence 1.*--bump, or .*to 2 or more/,
      ),
    ]);
    const bumped = await push('--bump', '--json');
    const lines = ndjson(bumped.stdout);
    expect(lines[0]).toEqual({ type: 'sequence', from: 1, to: 2 });
    expect([bumped.code, lines.at(-1)]).toEqual([0, { type: 'result', state: 'confirmed' }]);
    expect(sequence()).toBe(2);
    // The same package again is confirmed, as before.
    expect((await push()).code).toBe(0);
  });

  it('does not bump for a node that it knows nothing of, or a package', async () => {
    const unknown = await run('push', 'press', '--node', 'nobody', '--bump');
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringMatching(/sequence isn't known.*NODE_UNKNOWN/)]);
    expect(sequence()).toBe(2);
    await mote(['build', 'press', '--key', 'release.pem', '--out', 'out'], dir);
    expect(await run('push', 'out/press.mote', '--node', 'hall', '--bump')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/takes the folder of an app.*USAGE/),
    });
  });
});
