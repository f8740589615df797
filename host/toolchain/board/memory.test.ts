import { expect, it } from 'vitest';
import { memoryWarning } from './memory.ts';

it('memory that some board has is no reason to warn', () => {
  expect([0, 20_000, 327_679].map(memoryWarning)).toEqual([null, null, null]);
});

it('memory that no board has: the warning has the RAM of each', () => {
  const text = memoryWarning(327_680);
  expect(text).toMatch(/^the module needs 327\.7 KB of memory, more than the RAM of any board \(esp32c3 327\.7 KB, /);
  expect(text).toMatch(/, lm3s6965evb 65\.5 KB\): use smaller buffers or a smaller model$/);
  expect(memoryWarning(2_000_000)).toMatch(/\), and a node on a computer gives 1048\.6 KB: /);
});
