// Writes every file that is generated from the data in abi/. `--check` writes nothing and fails when a file is stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from './generate/files.mjs';
import { DataError, load } from './generate/load.mjs';

const abi = dirname(fileURLToPath(import.meta.url));
const root = dirname(abi);

/** Paths of generated files that are missing or differ from what the data gives. */
function stale(files) {
  return Object.keys(files).filter((path) => {
    const file = join(root, path);
    return !existsSync(file) || readFileSync(file, 'utf8') !== files[path];
  });
}

function write(path, text) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`wrote ${path}`);
}

try {
  const files = generate(load(abi));
  const paths = stale(files);
  if (process.argv.includes('--check')) {
    for (const path of paths) console.error(`stale: ${path} (run: node abi/generate.mjs)`);
    process.exitCode = paths.length > 0 ? 1 : 0;
  } else for (const path of paths) write(path, files[path]);
} catch (error) {
  if (!(error instanceof DataError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
