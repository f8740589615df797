// Builds the documentation site into build/docs. With --serve it shows the site on 127.0.0.1 instead, and follows changes of pages.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, createServer } from 'vitepress';
import { writeApi, writeSdk } from './reference.mjs';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const generated = join('build', 'site');

/** Markdown files of the site below a folder. */
const markdown = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.md') && !path.includes('node_modules'));

/** A page with the content of a file or a folder to which a document links. */
function writeSource(path) {
  const page = join(generated, 'source', `${path}.md`);
  const isFolder = statSync(path).isDirectory();
  const lines = isFolder ? readdirSync(path).sort() : [readFileSync(path, 'utf8').trimEnd()];
  const language = isFolder ? 'text' : extname(path).slice(1) || 'text';
  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(page, [`# ${path}`, '', `~~~~${language}`, ...lines, '~~~~', ''].join('\n'));
}

function writeSources() {
  const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...['docs', 'models', 'recordings'].flatMap(markdown)];
  const linked = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/(?<!!\[[^\]]*)\]\(([^)#\s:]+)/g)].map(([, to]) =>
      normalize(join(dirname(page), to)),
    ),
  );
  for (const path of new Set(linked))
    if (!path.endsWith('.md') && existsSync(path)) writeSource(path.replace(/\/$/, ''));
}

/** Source files of a component of the SDK whose files are imported one by one. */
const modules = (folder) =>
  readdirSync(join('assembly', folder))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => join(folder, name));

rmSync(generated, { recursive: true, force: true });
const reference = join(process.cwd(), generated, 'reference');
await writeSdk(join(reference, 'sdk'), [
  join('mote', 'index.ts'),
  join('cbor', 'index.ts'),
  ...modules('dsp'),
  ...modules('nn'),
]);
await writeApi(join(reference, 'typescript'), JSON.parse(readFileSync('package.json', 'utf8')).exports);
writeSources();

if (process.argv.includes('--serve')) {
  const server = await createServer('docs', { host: '127.0.0.1' });
  await server.listen();
  server.printUrls();
} else {
  try {
    await build('docs');
    console.log('The site is in build/docs.');
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
