import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MoteError } from '../../base/index.ts';
import type { Received } from '../mqtt/index.ts';
import { DeadLetters } from './dead-letters.ts';

const error = new MoteError('COMMAND', 'It is wrong.');
const received = (payload: string | Uint8Array): Received => ({
  topic: 'mote/d/a/cmd',
  payload: Buffer.from(payload),
  qos: 1,
  retain: false,
  dup: false,
  properties: { contentType: 'text/plain' },
});

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-dead-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const open = (maxFiles = 3, maxBytes = 1e6) => new DeadLetters({ dir, maxFiles, maxBytes });
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
    expect(letters.count).toBe(2);
    const [name, ...more] = readdirSync(dir);
    expect(more).toEqual([]);
    expect(statSync(join(dir, name!)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(dir, name!), 'utf8'))).toEqual({
      time: '2026-09-21T14:13:20.000Z',
      node: 'a',
      topic: 'mote/d/a/cmd',
      contentType: 'text/plain',
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
    const letters = new DeadLetters({ dir: undefined, maxFiles: 1, maxBytes: 1 });
    letters.put('a', received('x'), error, 1);
    letters.skip();
    expect(letters.count).toBe(2);
  });

  it('are reported as an error of the queue when the folder is none', () => {
    writeFileSync(join(dir, 'file'), '');
    expect(() => new DeadLetters({ dir: join(dir, 'file'), maxFiles: 1, maxBytes: 1 })).toThrow(
      expect.objectContaining({ code: 'QUEUE_IO' }),
    );
  });
});
