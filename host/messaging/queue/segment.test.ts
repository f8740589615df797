/** When the queue asks the system to put its data on the medium. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DiskQueue } from './disk-queue.ts';

const calls = vi.hoisted(() => [] as string[]);
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return {
    ...fs,
    fdatasyncSync(fd: number) {
      calls.push('file');
      fs.fdatasyncSync(fd);
    },
    fsyncSync(fd: number) {
      calls.push('folder');
      fs.fsyncSync(fd);
    },
  };
});

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-sync-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const MESSAGE = { topic: 'a/b', payload: Buffer.from('x'), qos: 1, retain: false, properties: {} } as const;
const must = { droppable: false, nowMs: 0 };
const may = { droppable: true, nowMs: 0 };

/** The syncs that an action causes. */
function during(action: () => void): string[] {
  calls.length = 0;
  action();
  return [...calls];
}

it('with fsync, the queue syncs the folder of a new file once and the file after each message that must not be lost', () => {
  const queue = new DiskQueue({ dir: join(dir, 'q'), sync: 'fsync' });
  expect(during(() => queue.put(MESSAGE, must))).toContain('file');
  expect(calls).toContain('folder');
  expect(during(() => queue.put(MESSAGE, must))).toEqual(['file']);
  expect(during(() => queue.put(MESSAGE, may))).toEqual([]);
  expect(during(() => queue.remove(1))).toEqual([]);
  queue.close();
});

it('with os, the queue never syncs', () => {
  const queue = new DiskQueue({ dir: join(dir, 'q'), sync: 'os' });
  expect(during(() => queue.put(MESSAGE, must))).toEqual([]);
  queue.close();
});
