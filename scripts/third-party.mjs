/**
 * `node scripts/third-party.mjs NAME [--out FOLDER]` fetches the C sources that `third_party/NAME.json` describes into
 * `build/NAME/`, with their licence. An npm package or a crate contains them. Nothing of it is installed or run: the
 * archive is checked against its hash, and only sources are extracted. Exit codes: 0 done, 1 failed, 2 a tool is missing.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
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
const isSource = (path) => new RegExp(`^(${origin.files})$`).test(path);

class MissingTool extends Error {}

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

/** The archive of an npm package, packed into `work`. */
function npmArchive(work) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // npm packs into the working folder, because old versions, which a script's PATH may contain, have no option for
  // another one. If this runs inside `npm pack --dry-run` or `--pack-destination`, npm passes those options down;
  // remove them.
  const { npm_config_dry_run: _dryRun, npm_config_pack_destination: _destination, ...env } = process.env;
  const name = `${origin.package}@${origin.packageVersion}`;
  execFileSync(npm, ['pack', name, '--loglevel=error'], { cwd: work, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const archive = join(
    work,
    readdirSync(work).find((file) => file.endsWith('.tgz')),
  );
  const integrity = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (integrity !== origin.integrity)
    throw new Error(`${name} has the hash ${integrity}, expected ${origin.integrity}`);
  return { archive, source: origin.source };
}

/** A manifest that cargo accepts, with nothing to compile. */
const manifest = (name, version, rest = '') =>
  `[package]\nname = "${name}"\nversion = "${version}"\nedition = "2018"\n\n[lib]\npath = "lib.rs"\n${rest}`;

function writeCrate(folder, text) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'Cargo.toml'), text);
  writeFileSync(join(folder, 'lib.rs'), '');
}

/**
 * The archive of a crate, from cargo's cache. cargo fetches what a project depends on, so it gets a project that depends on the crate.
 * The crate's own dependencies only serve to build its Rust code: empty crates stand in for them, so that cargo fetches nothing else.
 */
function crateArchive(work) {
  const { crate, crateVersion, dependencies = {} } = origin;
  const project = join(work, 'project');
  for (const [name, version] of Object.entries(dependencies)) writeCrate(join(project, name), manifest(name, version));
  const standIns = Object.keys(dependencies).map((name) => `${name} = { path = "${name}" }\n`);
  const wanted = `\n[dependencies]\n${crate} = { version = "=${crateVersion}", default-features = false }\n`;
  writeCrate(project, manifest('carrier', '0.0.0', `${wanted}\n[patch.crates-io]\n${standIns.join('')}`));
  try {
    execFileSync('cargo', ['fetch', '--quiet'], { cwd: project, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    if (error.code !== 'ENOENT') throw new Error(`cargo could not fetch ${crate}: ${error.stderr || error.message}`);
    throw new MissingTool(
      `cargo is missing, which fetches the sources of ${origin.name}: install Rust 1.70 or later (rustup, or Debian: apt install cargo)`,
    );
  }
  const cache = join(process.env.CARGO_HOME || join(homedir(), '.cargo'), 'registry', 'cache');
  const file = `${crate}-${crateVersion}.crate`;
  const archive = readdirSync(cache)
    .map((registry) => join(cache, registry, file))
    .find((path) => existsSync(path) && sha256Of(path) === origin.sha256);
  if (archive === undefined) throw new Error(`${file} has another hash than ${origin.sha256}`);
  return { archive, source: `${crate}-${crateVersion}/${origin.source}` };
}

const sha256Of = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Copies the sources, each to the same place under `to`. */
function copySources(from, to) {
  for (const name of readdirSync(from, { recursive: true })) {
    const path = name.replaceAll('\\', '/');
    if (!isSource(path) || !statSync(join(from, name)).isFile()) continue;
    mkdirSync(dirname(join(to, path)), { recursive: true });
    copyFileSync(join(from, name), join(to, path));
  }
}

/** Sources that were fetched before serve again. */
const fetched = join(root, 'build', library);
const isCurrent = (folder) =>
  existsSync(join(folder, 'ORIGIN')) && readFileSync(join(folder, 'ORIGIN'), 'utf8') === digest();
if (out !== fetched && isCurrent(fetched)) {
  rmSync(out, { recursive: true, force: true });
  cpSync(fetched, out, { recursive: true });
  console.log(`${origin.name} ${origin.version} -> ${out}`);
  process.exit(0);
}

mkdirSync(dirname(out), { recursive: true });
const work = mkdtempSync(join(dirname(out), `${library}-`));
try {
  const { archive, source } = origin.crate ? crateArchive(work) : npmArchive(work);
  execFileSync('tar', ['-xzf', archive, '-C', work, source]);
  const ready = join(work, 'ready');
  mkdirSync(ready);
  copySources(join(work, source), ready);
  if (origin.licenseFile) copyFileSync(join(root, 'third_party', origin.licenseFile), join(ready, 'LICENSE'));
  patch(ready);
  writeFileSync(join(ready, 'ORIGIN'), digest());
  rmSync(out, { recursive: true, force: true });
  renameSync(ready, out);
  console.log(`${origin.name} ${origin.version} -> ${out}`);
} catch (error) {
  const missing = error instanceof MissingTool;
  console.error(missing ? error.message : `The sources of ${origin.name}: ${error.message}`);
  process.exitCode = missing ? 2 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
