/**
 * Fetches wasm3's C sources, as `third_party/wasm3.json` names them, into `build/wasm3/` (or `--out FOLDER`), with their licence.
 * Nothing of the carrier package is installed or run: the tarball is checked against its integrity hash and only sources are taken.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const origin = JSON.parse(readFileSync(join(root, 'third_party', 'wasm3.json'), 'utf8'));
const option = process.argv.indexOf('--out');
const out = resolve(option > 0 ? process.argv[option + 1] : join(root, 'build', 'wasm3'));

/** wasm3 itself, without its WASI, libc and tracing add-ons. */
const isSource = (name) =>
  (/^m3_.*\.[ch]$/.test(name) && !name.startsWith('m3_api_')) || /^wasm3(_defs)?\.h$/.test(name);

mkdirSync(dirname(out), { recursive: true });
const work = mkdtempSync(join(dirname(out), 'wasm3-'));
try {
  const name = `${origin.package}@${origin.packageVersion}`;
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['pack', name, '--silent', '--pack-destination', work], { stdio: ['ignore', 'ignore', 'inherit'] });
  const tarball = join(
    work,
    readdirSync(work).find((file) => file.endsWith('.tgz')),
  );
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (integrity !== origin.integrity)
    throw new Error(`${name} has the hash ${integrity}, expected ${origin.integrity}`);
  execFileSync('tar', ['-xzf', tarball, '-C', work, origin.source]);
  const from = join(work, origin.source);
  const ready = join(work, 'ready');
  mkdirSync(ready);
  for (const file of readdirSync(from).filter(isSource)) copyFileSync(join(from, file), join(ready, file));
  copyFileSync(join(root, 'third_party', origin.licenseFile), join(ready, 'LICENSE'));
  rmSync(out, { recursive: true, force: true });
  renameSync(ready, out);
  console.log(`wasm3 ${origin.version} -> ${out}`);
} catch (error) {
  console.error(`wasm3's sources: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
