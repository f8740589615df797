/** What is compiled is current before a test of this folder starts it: `dist/` and the wasm3 engine. */
import { execFileSync } from 'node:child_process';
import { packageRoot } from '../host/base/index.ts';

export default function setup(): void {
  execFileSync(process.execPath, ['scripts/setup.mjs'], { cwd: packageRoot, stdio: ['ignore', 'ignore', 'inherit'] });
}
