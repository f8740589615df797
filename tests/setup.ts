/** Compiles `dist/` and the wasm3 engine if they are stale, before the tests of this folder. */
import { execFileSync } from 'node:child_process';
import { packageRoot } from '../host/base/index.ts';

export default function setup(): void {
  execFileSync(process.execPath, ['scripts/setup.mjs'], { cwd: packageRoot, stdio: ['ignore', 'ignore', 'inherit'] });
}
