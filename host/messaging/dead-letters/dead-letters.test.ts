import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MoteError } from '../../base/index.ts';
import type { Received } from '../mqtt/index.ts';
import { FaultFolder } from '../queue/fault-folder.ts';
import type { Message } from '../queue/index.ts';
import { DeadLetters, dropLetter, readLetters } from './dead-letters.ts';

const error = new MoteError('COMMAND', 'It is wrong.');
const received = (payload: string | Uint8Array): Received => ({
  topic: 'mote/d/a/cmd',
  payload: Buffer.from(payload),
  qos: 1,
  retain: false,
  dup: false,
  properties: { contentType: 'text/plain' },
});

const REFUSED = { maxRefused: 3, maxRefusedBytes: 1e6 };

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-dead-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const open = (maxFiles = 3, maxBytes = 1e6) => new DeadLetters({ dir, maxFiles, maxBytes, ...REFUSED });
const payloads = () =>
  readdirSync(dir)
    .sort()
    .map((name) => {
      const letter = JSON.parse(readFileSync(join(dir, name), 'utf8'));
      return Buffer.from(letter.payload, 'base64').toString();
    });

describe('messages that cannot be handled', () => {
  it('are kept with their reason, each once', () => {
    const letters = open();
    letters.put('a', received('x'), error, 1_790_000_000_000);
    letters.put('a', received('x'), error, 1_790_000_000_001);
    expect(letters.received).toBe(2);
    const [name, ...more] = readdirSync(dir);
    expect(more).toEqual([]);
    expect(statSync(join(dir, name!)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(dir, name!), 'utf8'))).toEqual({
      direction: 'from-broker',
      time: '2026-09-21T14:13:20.000Z',
      node: 'a',
      topic: 'mote/d/a/cmd',
      retain: false,
      properties: { contentType: 'text/plain' },
      code: 'COMMAND',
      reason: 'It is wrong.',
      bytes: 1,
      payload: 'eA==',
    });
  });

  it('leave the folder in the order in which they came, also those of an earlier run, and nothing else does', () => {
    writeFileSync(join(dir, 'mine.txt'), 'x');
    open().put('a', received('0'), error, 1000);
    const letters = open();
    for (const text of ['1', '2', '3']) letters.put('a', received(text), error, 1000 + Number(text));
    rmSync(join(dir, 'mine.txt'));
    expect(payloads()).toEqual(['1', '2', '3']);
  });

  it('take no more bytes than the limit, and of a large one only its start is kept', () => {
    const letters = open(100, 200_000);
    for (let i = 0; i < 9; i++) letters.put('a', received(Buffer.alloc(12_000_000, i)), error, 1000 + i);
    const bytes = readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
    expect(bytes).toBeGreaterThan(80_000);
    expect(bytes).toBeLessThanOrEqual(200_000);
    expect(payloads().map((text) => [text.charCodeAt(0), text.length])).toEqual([
      [7, 65_536],
      [8, 65_536],
    ]);
  });

  it('are only counted without a folder', () => {
    const letters = new DeadLetters({ dir: undefined, maxFiles: 1, maxBytes: 1, ...REFUSED });
    letters.put('a', received('x'), error, 1);
    letters.skip();
    expect(letters.received).toBe(2);
  });

  it('are reported as an error of the queue when the folder is none', () => {
    writeFileSync(join(dir, 'file'), '');
    expect(() => new DeadLetters({ dir: join(dir, 'file'), maxFiles: 1, maxBytes: 1, ...REFUSED })).toThrow(
      expect.objectContaining({ code: 'QUEUE_IO' }),
    );
  });
});

describe('messages that the broker refused', () => {
  const full: Omit<Message, 'qos'> = {
    topic: 'mote/d/a/e',
    payload: Uint8Array.of(0, 255, 7),
    retain: true,
    properties: {
      contentType: 'application/cbor',
      expirySeconds: 60,
      responseTopic: 'r',
      correlationData: Buffer.from([1, 2]),
      userProperties: { id: '1-e-1', many: ['a', 'b'] },
      utf8: true,
    },
  };
  const event = (id: number) => ({ ...full, properties: { userProperties: { id: `1-e-${id}` } } });
  const keep = (letters: DeadLetters, id: number, nowMs = 1000 + id) => letters.keep('a', event(id), error, nowMs);
  const inFolder = (folder: FaultFolder, limits: Partial<typeof REFUSED> = {}) =>
    new DeadLetters({ dir: 'memory', maxFiles: 3, maxBytes: 1e6, ...REFUSED, ...limits, folder });

  it('are read back with every field, oldest first, beside those from the broker', async () => {
    const letters = open();
    await letters.keep('a', full, error, 2000);
    letters.put('b', received('x'), error, 1000);
    const { letters: read, problems } = readLetters(dir);
    expect(problems).toEqual([]);
    expect(read.map(({ direction, node }) => [direction, node])).toEqual([
      ['from-broker', 'b'],
      ['to-broker', 'a'],
    ]);
    const { payload, ...rest } = read[1]!;
    expect({ ...rest, payload: Uint8Array.from(payload) }).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      file: expect.stringMatching(/-out\.json$/),
      direction: 'to-broker',
      timeMs: 2000,
      node: 'a',
      ...full,
      code: 'COMMAND',
      reason: 'It is wrong.',
      bytes: 3,
    });
    dropLetter(dir, read[1]!);
    expect(readLetters(dir).letters).toHaveLength(1);
  });

  it('are kept once each, also by the next run, but equal contents with other ids are two', async () => {
    await keep(open(), 1);
    const letters = open();
    await keep(letters, 1, 5000);
    await keep(letters, 2);
    expect(readLetters(dir).letters.map(({ timeMs }) => timeMs)).toEqual([1001, 1002]);
    expect(letters.refused).toBe(2);
  });

  it('are refused and never deleted beyond the limit, until their operator has made room', async () => {
    const letters = open();
    for (const id of [1, 2, 3]) await keep(letters, id);
    await expect(keep(letters, 4)).rejects.toMatchObject({ code: 'DEAD_LETTERS_FULL' });
    for (let i = 0; i < 9; i++) letters.put('a', received(`${i}`), error, 10 + i);
    const [first] = readLetters(dir).letters.filter(({ direction }) => direction === 'to-broker');
    dropLetter(dir, first!);
    await keep(letters, 4);
    expect(readLetters(dir).letters.map(({ timeMs }) => timeMs)).toEqual([16, 17, 18, 1002, 1003, 1004]);
    const narrow = new DeadLetters({ dir, maxFiles: 3, maxBytes: 1e6, maxRefused: 10, maxRefusedBytes: 1000 });
    await expect(keep(narrow, 5)).rejects.toMatchObject({ code: 'DEAD_LETTERS_FULL' });
  });

  it('are written again after their file was dropped', async () => {
    const letters = open();
    await keep(letters, 1);
    dropLetter(dir, readLetters(dir).letters[0]!);
    await keep(letters, 1, 7000);
    expect(readLetters(dir).letters.map(({ timeMs }) => timeMs)).toEqual([7000]);
  });

  it.each([
    ['', []],
    [', which is noticed when a file is not synced', ['file']],
    [', which is noticed when the folder is not synced', ['folder']],
  ] as ['', ('file' | 'folder')[]][])('survive a power cut at any operation%s', async (_, ignored) => {
    let lost = 0;
    for (let cut = 0; cut < 12; cut++) {
      const folder = new FaultFolder(ignored);
      folder.cutAfter(cut);
      const kept: number[] = [];
      try {
        const letters = inFolder(folder);
        for (const id of [1, 2]) {
          await keep(letters, id);
          kept.push(1000 + id);
        }
      } catch (failure) {
        expect(failure).toMatchObject({ code: 'QUEUE_IO' });
      }
      const survivor = folder.survivor(() => 0);
      const names = survivor.list().filter((name) => /-out\.json$/.test(name) && survivor.read(name).length > 0);
      if (kept.some((timeMs) => !names.some((name) => Number(name.slice(0, 13)) === timeMs))) lost++;
      expect(() => inFolder(survivor)).not.toThrow();
    }
    if (ignored.length === 0) expect(lost).toBe(0);
    else expect(lost).toBeGreaterThan(0);
  });

  it('stay in the queue while the disk is full, and leave nothing half', async () => {
    const folder = new FaultFolder();
    const letters = inFolder(folder);
    folder.capacity = 100;
    await expect(keep(letters, 1)).rejects.toMatchObject({ code: 'QUEUE_IO' });
    expect(folder.list()).toEqual([]);
    folder.capacity = 1e6;
    await keep(letters, 1);
    expect(folder.list()).toHaveLength(1);
  });

  it('are reported if their files are damaged, and the others are read', async () => {
    const letters = open();
    for (const id of [1, 2]) await keep(letters, id);
    const [name] = readdirSync(dir).sort();
    const text = readFileSync(join(dir, name!), 'utf8');
    for (const damaged of [
      '{',
      '[]',
      text.replace('"time"', '"t"'),
      text.replace('to-broker', 'up'),
      text.slice(0, 90),
    ]) {
      writeFileSync(join(dir, name!), damaged);
      const { letters: read, problems } = readLetters(dir);
      expect(read.map(({ timeMs }) => timeMs)).toEqual([1002]);
      expect(problems).toMatchObject([{ code: 'DEAD_LETTER' }]);
    }
  });

  it('of version 0.1.0 are read, too', () => {
    const old = { time: '2026-09-21T14:13:20.000Z', node: 'a', topic: 't', contentType: null, code: 'X', reason: 'no' };
    const name = `1790000000000-${'0'.repeat(32)}.json`;
    writeFileSync(join(dir, name), JSON.stringify({ ...old, bytes: 1, payload: 'eA==' }));
    expect(readLetters(dir)).toMatchObject({ letters: [{ direction: 'from-broker', properties: {} }], problems: [] });
  });
});
