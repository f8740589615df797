import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Lock, type Refusal, tryLock } from './lock.ts';
import { Compiled } from './testing.ts';

let compiled: Compiled;
let folder: string;
let path: string;

beforeAll(async () => {
  compiled = await Compiled.of('host/base/lock.ts');
});
afterAll(() => compiled.delete());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mote-lock-'));
  path = join(folder, 'state');
});
afterEach(() => rmSync(folder, { recursive: true }));

const take = (): Lock => {
  const lock = tryLock(path);
  if (!lock.taken) throw new Error(lock.holder);
  return lock;
};
/** A process that prints whether it has the lock, and keeps it. */
const holder = () =>
  compiled.run(
    `const lock = tryLock(${JSON.stringify(path)}); if (lock.taken) print('held'); else { print(lock.holder); process.exit(); }`,
  );

describe('a lock between processes', () => {
  it('has one holder, names it to others, and leaves no file after its release', async () => {
    const lock = take();
    expect(tryLock(path)).toEqual({ taken: false, holder: expect.stringContaining(`this process (${process.pid})`) });
    expect((await holder()).firstLine).toContain(`process ${process.pid} has it`);
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
    const next = take();
    lock.release();
    expect(tryLock(path).taken).toBe(false);
    next.release();
  });

  it('is refused while its holder lives, and is free at once when the holder was killed', async () => {
    const child = await holder();
    expect(child.firstLine).toBe('held');
    const refusal = tryLock(path) as Refusal;
    const file = join(folder, readdirSync(folder)[0]!);
    expect(refusal).toMatchObject({ taken: false, holder: expect.stringContaining(`process ${child.pid} has it`) });
    expect(refusal.holder).toContain(file);
    await child.kill();
    expect(existsSync(file)).toBe(true);
    take().release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')(
    'is not held by another process with the process id of the holder, nor by one from before a restart of the machine',
    () => {
      take();
      const [name] = readdirSync(folder) as [string];
      const [, pid, start, boot] = name.split('.') as [string, string, string, string];
      rmSync(join(folder, name));
      const otherBoot = boot === '00000000' ? '11111111' : '00000000';
      for (const claim of [`${pid}.${Number(start) + 1}.${boot}`, `${pid}.${start}.${otherBoot}`, `1.0.${otherBoot}`]) {
        writeFileSync(`${path}.${claim}`, '');
        take().release();
        expect(readdirSync(folder)).toEqual([]);
      }
    },
  );

  it('ignores files with other names', () => {
    const others = [
      'state',
      'state.1',
      'state.1.1',
      'state.x.1.0',
      'state.1.1.0.bak',
      'estate.1.1.0',
      'state.lock.1.1.0',
    ];
    for (const name of others) writeFileSync(join(folder, name), '');
    take().release();
    expect(readdirSync(folder).sort()).toEqual([...others].sort());
  });

  it('never has two holders while processes take and release it as fast as they can', async () => {
    // Each holder creates a file that must not exist yet, and deletes it before the release.
    const round = `
      import { openSync, closeSync, rmSync } from 'node:fs';
      let taken = 0;
      const inside = ${JSON.stringify(join(folder, 'inside'))};
      for (const end = Date.now() + 1000; Date.now() < end; ) {
        const lock = tryLock(${JSON.stringify(path)});
        if (!lock.taken) continue;
        closeSync(openSync(inside, 'wx'));
        rmSync(inside);
        lock.release();
        taken++;
      }
      print(String(taken));`;
    const racers = await Promise.all(Array.from({ length: 4 }, () => compiled.run(round)));
    for (const { firstLine } of racers) expect(firstLine).toMatch(/^\d+$/);
    expect(racers.reduce((sum, { firstLine }) => sum + Number(firstLine), 0)).toBeGreaterThan(100);
    expect(readdirSync(folder)).toEqual([]);
  });
});
