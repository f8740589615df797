import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';

it('compiles a model for verification as in an app, apart from top-level code, which a model lacks', () => {
  const { targets } = JSON.parse(readFileSync(packagePath('asconfig.json'), 'utf8'));
  const { exportStart, ...release } = targets.release;
  expect(exportStart).toBe('mote_start');
  expect(targets.model).toEqual(release);
});
