/**
 * The power fails at a flash operation of a running node: in a push, a swap, a rollback, a confirmation or a write of
 * its module, and once more during recovery. Afterwards the node runs a valid module, never an unconfirmed one for the
 * second time, and every acknowledged write is present.
 */
import { beforeAll, expect, it } from 'vitest';
import { MoteError } from '../../host/base/index.ts';
import { FULL } from '../../host/base/test-form.ts';
import type { Birth } from '../../host/device/link/index.ts';
import type { Board } from '../../host/toolchain/board/board-json.ts';
import { subjectOf } from './boards.ts';
import { probeWasm, SCRATCH, script } from './probe.ts';
import { type Subject, World } from './world.ts';

type How = 'before' | 'middle' | 'after';
const HOWS: readonly How[] = ['before', 'middle', 'after'];
interface Cut {
  n: number;
  how: How;
}

const FAILING = { sequence: 2, wasm: probeWasm({ mark: 'failing', answer: -1 }) };
const GOOD = { sequence: 3, wasm: probeWasm({ mark: 'good' }) };
const LAST = { sequence: 4 };
const KEYS = ['first', 'second'] as const;

/** Returns false if the power was cut. */
async function survives(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof MoteError && error.code === 'TEST') return false;
    throw error;
  }
}

async function story(world: World): Promise<void> {
  await world.run(100);
  world.command(0, script(['kv_set', KEYS[0], KEYS[0]]));
  await world.run(50);
  world.push(FAILING);
  await world.run(600);
  world.push(GOOD);
  await world.run(2000);
  world.command(1, script(['kv_set', KEYS[1], KEYS[1]]));
  await world.run(50);
}

/** One start of the node until the power cut: the modules that began, and its first birth. */
interface Life {
  began: string[];
  birth: Birth | undefined;
  /** It ended without a power cut. */
  whole: boolean;
}

async function live(world: World, cut: Cut | null, work: () => Promise<void>): Promise<Life> {
  const taps = world.recording.taps.length;
  const before = world.shim.got.length;
  world.setup.words = cut === null ? [] : [`cut=${cut.n}:${cut.how}`];
  const whole = await survives(async () => {
    await world.start();
    await work();
  });
  const began = world.recording.taps.slice(taps).map(({ name }) => name);
  const birth = world.shim.got.slice(before).find((one): one is Birth => one.type === 'birth');
  return { began, birth, whole };
}

/** Returns whether the first start reached the end of the sequence without a cut. */
async function survive(subject: Subject, cut: Cut, again: Cut | null): Promise<boolean> {
  const world = new World(subject, {});
  try {
    const lives = [await live(world, cut, () => story(world))];
    if (again !== null) {
      await world.stop();
      lives.push(await live(world, again, () => world.run(500)));
    }
    await world.stop();
    const acknowledged = KEYS.filter((_, id) =>
      world.shim.got.some((one) => one.type === 'result' && one.id === id && one.ok),
    );
    lives.push(await live(world, null, () => world.run(5000)));
    expect(lives.at(-1)!.birth?.module?.name).toBe('probe');
    for (const [i, { began, birth }] of lives.entries()) {
      const before = lives.slice(0, i).flatMap((one) => one.began);
      // Only a confirmed module may begin twice, though a cut may have prevented the report of its confirmation.
      expect(began.includes('failing') && before.includes('failing')).toBe(false);
      if (began.includes('good') && before.includes('good') && birth)
        expect(birth.module).toMatchObject({ version: '1.0.3', state: 'confirmed' });
    }
    for (const [i, key] of acknowledged.entries()) {
      world.command(10 + i, script({ call: ['kv_get', key, SCRATCH, 100], show: [SCRATCH, key.length] }));
      await world.run(100);
      expect(Buffer.from(world.recording.taps.at(-1)!.hex, 'hex').toString()).toBe(key);
    }
    world.push(LAST);
    await world.run(4000);
    const last = world.shim.get('birth').at(-1)!;
    expect(last.module).toMatchObject({ version: '1.0.4', state: 'confirmed' });
    return lives[0]!.whole;
  } finally {
    await world.end();
  }
}

/**
 * On a process, each operation of the sequence is cut, and every other cut is followed by one in the recovery. On the
 * emulated board with the smallest memory every other operation is cut, and on the other boards, which run the same C
 * code, one in five, always with a second cut. The short form cuts one in eleven, on boards one in 22.
 */
const STEPS: Readonly<Record<string, number>> = { linux: 1, lm3s6965evb: 2 };

export function survivesPowerCuts({ name }: Board): void {
  const step = STEPS[name] ?? 5;
  let subject: Subject;
  beforeAll(async () => {
    subject = await subjectOf(name);
  }, 600_000);

  it.each(HOWS)('survives a cut %s its flash operations', { timeout: 900_000 }, async (how) => {
    const offset = HOWS.indexOf(how);
    let n = offset % step;
    for (; ; n += FULL ? step : step === 1 ? 11 : 22) {
      // The second cut is at an operation of the recovery, at each of them in turn.
      const second = { n: (n >> 1) % 6, how: HOWS[(n + offset) % 3]! };
      if (await survive(subject, { n, how }, step === 1 && n % 2 === 0 ? null : second)) break;
    }
    expect(n).toBeGreaterThan(40);
  });
}
