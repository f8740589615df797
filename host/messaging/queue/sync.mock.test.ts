/** When the log asks the system to put its data on the medium. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DurableLog } from './durable-log.ts';

const calls = vi.hoisted(() => [] as string[]);
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const logged = (name: string, call: typeof fs.fsync): typeof fs.fsync =>
    // biome-ignore lint/suspicious/noExplicitAny: the mock passes on what it gets
    ((fd: number, done: any) => {
      calls.push(name);
      call(fd, done);
    }) as typeof fs.fsync;
  return { ...fs, fdatasync: logged('file', fs.fdatasync as typeof fs.fsync), fsync: logged('folder', fs.fsync) };
});

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-sync-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const MESSAGE = { topic: 'a/b', payload: Buffer.from('x'), qos: 1, retain: false, properties: {} } as const;
const must = { droppable: false, nowMs: 0 };

/** The syncs that an action causes. */
async function during(log: DurableLog, action: () => void): Promise<string[]> {
  calls.length = 0;
  action();
  await log.settled();
  return [...calls];
}

it('with fsync, the log syncs a new file and its folder, then the file once for the messages of a turn, and not for removals', async () => {
  const log = new DurableLog({ dir, sync: 'fsync' });
  const [a, b] = [log.stream('a'), log.stream('b')];
  expect(await during(log, () => a.put(MESSAGE, must))).toEqual(['file', 'folder']);
  const both = () => {
    a.put(MESSAGE, must);
    b.put(MESSAGE, { ...must, droppable: true });
  };
  expect(await during(log, both)).toEqual(['file']);
  expect(await during(log, () => a.remove(1))).toEqual([]);
  await log.close();
});

it('with os, the log never syncs', async () => {
  const log = new DurableLog({ dir, sync: 'os' });
  expect(await during(log, () => log.stream('a').put(MESSAGE, must))).toEqual([]);
  await log.close();
});
