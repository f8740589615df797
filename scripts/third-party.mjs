/**
 * `node scripts/third-party.mjs NAME [--out FOLDER]` fetches the C sources that `third_party/NAME.json` describes into
 * `build/NAME/`, with their licence. Nothing of the npm package that contains them is installed or run: the tarball is
 * checked against its integrity hash, and only sources are extracted.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const library = process.argv[2] ?? '';
const known = readdirSync(join(root, 'third_party')).filter((file) => /^[a-z0-9]+\.json$/.test(file));
if (!known.includes(`${library}.json`)) {
  console.error(`There is no library '${library}'; use one of ${known.map((file) => file.slice(0, -5)).join(', ')}.`);
  process.exit(1);
}
const origin = JSON.parse(readFileSync(join(root, 'third_party', `${library}.json`), 'utf8'));
const option = process.argv.indexOf('--out');
const out = resolve(option > 0 ? process.argv[option + 1] : join(root, 'build', library));
const isSource = (name) => new RegExp(`^(${origin.files})$`).test(name);

/** The digest that host/base/third-party.ts compares, to fetch again when one of these files has changed. */
function digest() {
  const hash = createHash('sha256');
  for (const file of [`${library}.json`, origin.patches ?? []].flat())
    hash.update(readFileSync(join(root, 'third_party', file)));
  return hash.digest('hex');
}

/** Applies the patches. Each must match exactly once, so a version that doesn't need one any more is detected. */
function patch(folder) {
  if (!origin.patches) return;
  for (const { file, find, put, why } of JSON.parse(readFileSync(join(root, 'third_party', origin.patches), 'utf8'))) {
    const path = join(folder, file);
    const parts = readFileSync(path, 'utf8').split(find);
    if (parts.length !== 2) throw new Error(`${file} has changed and a patch doesn't match any more: ${why}`);
    writeFileSync(path, parts.join(put));
  }
}

mkdirSync(dirname(out), { recursive: true });
const work = mkdtempSync(join(dirname(out), `${library}-`));
try {
  const name = `${origin.package}@${origin.packageVersion}`;
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // npm packs into the working folder, because old versions, which a script's PATH may contain, have no option for
  // another one. If this runs inside `npm pack --dry-run` or `--pack-destination`, npm passes those options down;
  // remove them.
  const { npm_config_dry_run: _dryRun, npm_config_pack_destination: _destination, ...env } = process.env;
  execFileSync(npm, ['pack', name, '--loglevel=error'], { cwd: work, env, stdio: ['ignore', 'ignore', 'inherit'] });
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
  patch(ready);
  writeFileSync(join(ready, 'ORIGIN'), digest());
  rmSync(out, { recursive: true, force: true });
  renameSync(ready, out);
  console.log(`${origin.name} ${origin.version} -> ${out}`);
} catch (error) {
  console.error(`The sources of ${origin.name}: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
