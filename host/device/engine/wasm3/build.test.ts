import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tryLock, withLock } from '../../../base/index.ts';
import { buildAddon, ensureAddon, findSource } from './build.ts';

const folder = mkdtempSync(join(tmpdir(), 'mote-addon-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the addon', () => {
  it('is built once by concurrent callers, and found afterwards', async () => {
    const paths = await Promise.all(Array.from({ length: 4 }, () => ensureAddon(folder)));
    expect(new Set(paths).size).toBe(1);
    expect(readdirSync(join(folder, 'build'))).toEqual([expect.stringMatching(/^wasm3-.*\.node$/)]);
    expect(await ensureAddon(folder)).toBe(paths[0]);
  });

  it('is written to the cache of the user when its package is not writable', async () => {
    const root = join(folder, 'file');
    writeFileSync(root, 'not a folder');
    const before = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = join(folder, 'cache');
    try {
      const path = await ensureAddon(root);
      expect(path.startsWith(join(folder, 'cache', 'moteware'))).toBe(true);
      expect(existsSync(path)).toBe(true);
    } finally {
      if (before === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = before;
    }
  });

  it('reports what to install when there is no compiler, and leaves no file', async () => {
    const output = join(folder, 'missing', 'wasm3.node');
    const built = buildAddon({ source: await findSource(), output, compiler: 'no-such-compiler' });
    await expect(built).rejects.toMatchObject({
      code: 'ENGINE_BUILD',
      message: expect.stringContaining('build-essential'),
    });
    expect(readdirSync(join(folder, 'missing'))).toEqual([]);
  });

  it('shows the messages of the compiler', async () => {
    const output = join(folder, 'broken', 'wasm3.node');
    const built = buildAddon({ source: folder, output });
    await expect(built).rejects.toMatchObject({ code: 'ENGINE_BUILD', message: expect.stringContaining('m3_env.h') });
  });
});

describe('withLock', () => {
  it('runs one caller at a time', async () => {
    const path = join(folder, 'one.lock');
    let inside = 0;
    const work = async () => {
      expect(++inside).toBe(1);
      await new Promise(setImmediate);
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLock(path, work)));
    expect(existsSync(path)).toBe(false);
  });

  it('is free again after a failure', async () => {
    const path = join(folder, 'failed.lock');
    await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(path, async () => 5)).toBe(5);
  });

  it('gives up on a live holder, and names it', async () => {
    const path = join(folder, 'held.lock');
    const lock = tryLock(path);
    const code = { code: 'ENGINE_LOCK', message: expect.stringContaining(`(${process.pid})`) };
    await expect(withLock(path, async () => 1, { timeoutMs: 1 })).rejects.toMatchObject(code);
    if (lock.taken) lock.release();
    expect(await withLock(path, async () => 1, { timeoutMs: 1 })).toBe(1);
  });

  it('takes the lock of a holder that has ended', async () => {
    const path = join(folder, 'stale.lock');
    // A holder from before this start of the machine.
    writeFileSync(`${path}.1.1.0`, '');
    expect(await withLock(path, async () => 1, { timeoutMs: 1 })).toBe(1);
    expect(readdirSync(folder).filter((name) => name.startsWith('stale'))).toEqual([]);
  });
});
