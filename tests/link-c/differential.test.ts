import { describe, expect, it } from 'vitest';
import { missingCompiler } from '../c-program.ts';
import { buildDriver, compare } from './driver.ts';
import { hostileScript, lossyScript, type Script } from './script.ts';

const driver = await buildDriver();

describe.skipIf(missingCompiler)('the C link and the TypeScript link', () => {
  function total(scripts: Script[]) {
    const lines = scripts.flatMap((script) => script.lines);
    compare(
      driver,
      lines,
      scripts.flatMap((script) => script.expected),
    );
    return lines.length;
  }

  it('send the same bytes at the same times over streams that lose, damage, duplicate and cut, and over restarts', () => {
    const scripts = Array.from({ length: 60 }, (_, seed) => lossyScript(seed + 1, 500));
    expect(total(scripts)).toBeGreaterThan(30_000);
  });

  it('send the same bytes to a hostile peer', () => {
    const scripts = Array.from({ length: 40 }, (_, seed) => hostileScript(seed + 1, 500));
    expect(total(scripts)).toBeGreaterThan(20_000);
  });
});
