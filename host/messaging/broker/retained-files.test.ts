import fs, { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'cbor-x';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytes, connected, Inbox } from '../mqtt/testing.ts';
import type { Message } from '../mqtt/types.ts';
import { encodeRecord, PUT, REMOVE } from '../queue/record.ts';
import { startEmbeddedBroker } from './broker.ts';
import { RetainedFiles } from './retained-files.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-retained-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function message(topic: string, text: string, expirySeconds?: number): Message {
  const properties = expirySeconds === undefined ? {} : { expirySeconds };
  return { topic, payload: bytes(text), qos: 1, retain: true, properties };
}
const put = (value: unknown) => encodeRecord(PUT, 1, encode(value));

describe('retained messages on disk', () => {
  const unreadable: [string, Uint8Array][] = [
    ['of another version', put([2, 1, null, 'a/b', bytes('x'), {}])],
    ['of another shape', put({ topic: 'a/b' })],
    ['without a payload', put([1, 1, null, 'a/b', null, {}])],
    ['without properties', put([1, 1, null, 'a/b', bytes('x'), null])],
    ['that is no CBOR', encodeRecord(PUT, 1, Uint8Array.of(0x9b, 1))],
    ['that removes', encodeRecord(REMOVE, 1, new Uint8Array(0))],
    ['with a changed byte', put([1, 1, null, 'a/b', bytes('x'), {}]).fill(0, 20, 21)],
    ['that is empty', new Uint8Array(0)],
  ];
  it.each(unreadable)('skips, keeps and reports a file %s, and loads the others', (_, content) => {
    const files = new RetainedFiles(dir);
    files.store(message('a/good', 'good'), 0);
    const path = join(dir, 'bad.retained');
    writeFileSync(path, content);
    const told: string[] = [];
    const loaded = files.load(0, ({ code, message }) => told.push(`${code} ${message}`));
    expect(loaded.map(({ topic }) => topic)).toEqual(['a/good']);
    expect(told).toEqual([expect.stringContaining(`BROKER_DATA The retained message in ${path}`)]);
    expect(readFileSync(path)).toEqual(Buffer.from(content));
  });

  it('skips, keeps and reports an entry that is not a file', () => {
    mkdirSync(join(dir, 'folder.retained'));
    const told: string[] = [];
    expect(new RetainedFiles(dir).load(0, ({ code }) => told.push(code))).toEqual([]);
    expect(told).toEqual(['BROKER_DATA']);
    expect(readdirSync(dir)).toEqual(['folder.retained']);
  });

  it('deletes expired messages and incomplete files without a report', () => {
    const files = new RetainedFiles(dir);
    files.store(message('a/old', 'old', 5), 0);
    files.store(message('a/new', 'new', 60), 0);
    writeFileSync(join(dir, 'torn.retained.new'), 'to');
    const told: string[] = [];
    expect(files.load(6000, ({ code }) => told.push(code))).toMatchObject([
      { topic: 'a/new', properties: { expirySeconds: 54 } },
    ]);
    expect(told).toEqual([]);
    expect(readdirSync(dir)).toHaveLength(1);
  });

  it('are on the medium with their names: the folder is synced after each change', () => {
    const files = new RetainedFiles(dir);
    const calls: string[] = [];
    const { fsyncSync, renameSync, rmSync: remove } = fs;
    fs.fsyncSync = (fd) => {
      calls.push(fs.fstatSync(fd).isDirectory() ? 'sync folder' : 'sync file');
      fsyncSync(fd);
    };
    fs.renameSync = (from, to) => {
      calls.push('rename');
      renameSync(from, to);
    };
    fs.rmSync = (path, options) => {
      calls.push('remove');
      remove(path, options);
    };
    syncBuiltinESMExports();
    try {
      files.store(message('a/b', 'x'), 0);
      files.store(message('a/b', ''), 0);
    } finally {
      Object.assign(fs, { fsyncSync, renameSync, rmSync: remove });
      syncBuiltinESMExports();
    }
    expect(calls).toEqual(['sync file', 'rename', 'sync folder', 'remove', 'sync folder']);
  });

  it('let the embedded broker start beside one that it cannot read', async () => {
    new RetainedFiles(dir).store(message('a/good', 'good'), Date.now());
    writeFileSync(join(dir, 'bad.retained'), put([2, 'of a later version']));
    const told: string[] = [];
    const broker = await startEmbeddedBroker({ port: 0, dataDir: dir, onProblem: ({ code }) => told.push(code) });
    const client = await connected(broker.url);
    const inbox = new Inbox();
    await client.subscribe({ filter: 'a/#', qos: 1 }, inbox.push);
    await inbox.count(1);
    expect(inbox.texts).toEqual(['good']);
    expect(told).toEqual(['BROKER_DATA']);
    client.close();
    await broker.close();
  });
});
