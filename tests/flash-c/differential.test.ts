import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { flashRegion, KeyValueStore, MemoryFlash } from '../../host/flash/index.ts';
import { compile, missingCompiler } from './compile.ts';
import type { Geometry } from './reference.ts';
import { journalScript, kvScript, type Script, slotsScript, storageScript } from './script.ts';

const geometries: [Geometry, slotPages: number][] = [
  [{ sizeBytes: 16 << 10, pageBytes: 1024, writeBytes: 4 }, 6],
  [{ sizeBytes: 40 << 10, pageBytes: 4096, writeBytes: 8 }, 3],
  [{ sizeBytes: 160 << 10, pageBytes: 16384, writeBytes: 16 }, 2],
  [{ sizeBytes: 40 << 10, pageBytes: 4096, writeBytes: 256 }, 3],
  [{ sizeBytes: 20 << 10, pageBytes: 1024, writeBytes: 1 }, 8],
];

describe.skipIf(missingCompiler)('the C flash code and the TypeScript code', () => {
  const driver = compile('driver', ['driver.c', 'cut_flash.c']);

  function runC({ sizeBytes, pageBytes, writeBytes }: Geometry, lines: string[]): string[] {
    const input = `${lines.join('\n')}\n`;
    const args = [sizeBytes, pageBytes, writeBytes].map(String);
    const { stdout, stderr, status } = spawnSync(driver, args, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
    expect([stderr, status]).toEqual(['', 0]);
    // Statuses that a cut has overtaken were never sent.
    return stdout.split('\n').map((line) => line.replace(/^.*cut \|/, 'cut |'));
  }

  function compare(geometry: Geometry, { lines, expected }: Script): void {
    const answers = runC(geometry, lines);
    const wrong = expected.findIndex((answer, i) => answers[i] !== answer);
    const shown = (text = '') => text.slice(0, 500);
    if (wrong >= 0)
      expect
        .soft(
          shown(answers[wrong]),
          `line ${wrong}: ${lines
            .slice(Math.max(0, wrong - 3), wrong + 1)
            .map(shown)
            .join('\n')}`,
        )
        .toBe(shown(expected[wrong]));
    expect(wrong).toBe(-1);
  }

  it.each(geometries)('key-value stores do the same to each byte, over cuts and restarts: %o', (geometry) => {
    for (const pages of [2, 5]) {
      const script = kvScript(geometry, pages, 700, pages);
      compare(geometry, script);
      const image = Buffer.from(script.expected.at(-1)!.split(' ')[0]!, 'hex');
      const opened = KeyValueStore.open(flashRegion(new MemoryFlash({ ...geometry, image }), 1, pages));
      expect(opened.keys()).toEqual(script.reference.kv.keys());
    }
  });

  it.each(geometries)('slots and transfers do the same to each byte, over cuts and restarts: %o', (geometry, pages) => {
    for (const seed of [1, 2]) compare(geometry, slotsScript(geometry, pages, 700, seed));
  });

  it.each(geometries)('whole storages do the same to each byte, over cuts and restarts: %o', (geometry) => {
    compare(geometry, storageScript(geometry, 150, 1));
  });

  it.each(geometries)('pass over the same records of a slot journal: %o', (geometry, pages) => {
    compare(geometry, journalScript(geometry, pages, 400, 1));
  });
});
