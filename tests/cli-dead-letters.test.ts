/** `mote dead-letters`, with a broker that refused what a gateway had to deliver. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MoteError } from '../host/base/index.ts';
import { startEmbeddedBroker } from '../host/messaging/broker/index.ts';
import { DeadLetters } from '../host/messaging/dead-letters/index.ts';
import { connected, Inbox } from '../host/messaging/mqtt/testing.ts';
import { expectFailure, mote, ndjson } from './program.ts';

let dir: string;
let folder: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-letters-'));
  folder = join(dir, '.mote', 'gateway', 'dead-letters');
});
afterEach(() => rmSync(dir, { recursive: true }));

const error = new MoteError('MQTT_NOT_AUTHORIZED', 'It is \u001b[31mnot allowed.');
async function fill() {
  const letters = new DeadLetters({ dir: folder, maxFiles: 9, maxBytes: 1e6, maxRefused: 9, maxRefusedBytes: 1e6 });
  const message = (channel: string, id: string, retain = false) => ({
    topic: `mote/d/a/${channel}`,
    payload: Buffer.from(id),
    retain,
    properties: { userProperties: { id } },
  });
  await letters.keep('a', message('e', '1-e-1'), error, 1_790_000_000_000);
  await letters.keep('a', message('e', '1-e-2'), error, 1_790_000_000_000);
  await letters.keep('a', message('s', 's-1', true), error, 1_790_000_000_001);
  letters.put('a', message('cmd', 'c'), error, 1_790_000_000_002);
}
const run = async (...args: string[]) => {
  const { code, stdout } = await mote(['dead-letters', ...args], dir);
  return { code, stdout };
};
const json = async (...args: string[]) => {
  const { code, stdout } = await run(...args, '--json');
  return { code, lines: stdout.trim() === '' ? [] : ndjson(stdout) };
};

describe('mote dead-letters', () => {
  it('lists and shows the letters, and no control character reaches the terminal', async () => {
    expect(await run('list')).toEqual({ code: 0, stdout: expect.stringMatching(/^No dead letters in /) });
    await fill();
    const { stdout } = await run('list');
    expect(stdout.split('\n')[0]).toMatch(
      /^[0-9a-f]{12} {2}2026-09-21T14:13:20 {2}to-broker {4}a {2}mote\/d\/a\/e {4}5 B {2}MQTT_NOT_AUTHORIZED$/,
    );
    const { lines } = await json('list');
    expect(lines.map(({ topic, direction }) => [topic, direction])).toEqual([
      ['mote/d/a/e', 'to-broker'],
      ['mote/d/a/e', 'to-broker'],
      ['mote/d/a/s', 'to-broker'],
      ['mote/d/a/cmd', 'from-broker'],
    ]);
    const id = String(lines[0]!.id);
    const shown = await run('show', id.slice(0, 8));
    expect(shown.stdout).toContain(`\nreason     It is \\u001b[31mnot allowed.\n`);
    expect(shown.stdout.endsWith(`${Buffer.from('1-e-1').toString('hex')}\n`)).toBe(true);
    expect((await json('show', id)).lines).toMatchObject([{ payload: Buffer.from('1-e-1').toString('hex') }]);
    const failure = { cwd: dir, exit: 2 };
    await expectFailure(['dead-letters', 'show', 'ffffffffff'], /No dead letter has an id.*\[DEAD_LETTER\]/, failure);
    await expectFailure(['dead-letters', 'show', id.slice(0, 3)], /No dead letter has an id/, failure);
  });

  it('sends again what the broker refused, in order, and states only by name', async () => {
    await fill();
    let open = false;
    const broker = await startEmbeddedBroker({ port: 0, allow: (_, action) => action === 'subscribe' || open });
    const client = await connected(broker.url);
    const inbox = new Inbox();
    await client.subscribe({ filter: 'mote/#', qos: 1 }, inbox.push);
    const refused = await json('send', '--broker', broker.url);
    expect(refused.code).toBe(1);
    expect(refused.lines.map(({ ok, code }) => [ok, code])).toEqual([
      [false, 'MQTT_NOT_AUTHORIZED'],
      [false, 'MQTT_NOT_AUTHORIZED'],
    ]);
    expect(readdirSync(folder)).toHaveLength(4);
    open = true;
    const sent = await run('send', '--broker', broker.url);
    expect(sent.code).toBe(0);
    expect(sent.stdout).toMatch(/2 more are states or came from the broker/);
    const { lines } = await json('list');
    const state = lines.find(({ topic }) => topic === 'mote/d/a/s')!;
    expect((await run('send', String(state.id), '--broker', broker.url)).code).toBe(0);
    await inbox.count(3);
    expect(inbox.texts).toEqual(['1-e-1', '1-e-2', 's-1']);
    expect(inbox.messages[0]!.properties.userProperties).toEqual({ id: '1-e-1' });
    expect(readdirSync(folder)).toHaveLength(1);
    client.close();
    await broker.close();
  });

  it('drops letters by their ids, or all', async () => {
    await fill();
    const { lines } = await json('list');
    await expectFailure(['dead-letters', 'drop'], /--all.*\[USAGE\]/, { cwd: dir, exit: 2 });
    expect((await run('drop', String(lines[1]!.id))).stdout).toBe('1 dropped.\n');
    expect((await json('list')).lines).toHaveLength(3);
    expect((await run('drop', '--all')).stdout).toBe('3 dropped.\n');
    expect(readdirSync(folder)).toEqual([]);
  });
});
