/** package-lock.json names every package that package.json leads to: `npm ci` installs exactly those. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';
import { start } from './program.ts';

it('npm ci accepts the lock file', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'moteware-lock-'));
  try {
    mkdirSync(join(dir, 'docs'));
    for (const file of ['package.json', 'package-lock.json', 'docs/package.json'])
      copyFileSync(packagePath(file), join(dir, file));
    const options = ['--dry-run', '--offline', '--ignore-scripts', '--no-audit'];
    const { code, stderr } = await start('npm', ['ci', ...options], dir).ended;
    expect(stderr).not.toMatch(/Missing: |EUSAGE/);
    expect(code).toBe(0);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
