/**
 * Checks each import of TypeScript, AssemblyScript and C against the tables of allowed imports: `host/components.json`,
 * `assembly/components.json` and `boards/components.json`. A component is a folder; `uses` lists the components that
 * its files may import, and `packages` the npm packages. A table lists the highest layer first, so
 * imports can only point down.
 *
 * `node scripts/check-imports.mjs [--write] [--json] [--root FOLDER]`; `--write` updates the tables in
 * docs/DESIGN.md. Exit code 1: an import isn't allowed, a table is wrong, or docs/DESIGN.md is stale.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cruise } from 'dependency-cruiser';
import { green, root as projectRoot, red } from './run.mjs';

const usage = `node scripts/check-imports.mjs [--write] [--json] [--root FOLDER]

Checks the imports of host/, assembly/ and boards/ against their components.json.
  --write        update the tables in docs/DESIGN.md
  --json         print the problems as JSON
  --root FOLDER  another checkout`;
const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    root: { type: 'string', default: projectRoot },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const root = resolve(options.root);
const problems = [];
const report = (file, text) => problems.push({ file, text });

/** Reads the table of one folder, highest layer first, and reports its mistakes. */
function readTable(folder) {
  const path = `${folder}/components.json`;
  if (!existsSync(join(root, path))) return [];
  const entries = Object.entries(JSON.parse(readFileSync(join(root, path), 'utf8')));
  const names = entries.map(([name]) => name);
  for (const [i, [name, { holds, uses }]] of entries.entries()) {
    if (!holds) report(path, `${name} needs a description, 'holds'`);
    for (const used of uses)
      if (!names.includes(used)) report(path, `${name} uses ${used}, which is no component`);
      else if (names.indexOf(used) <= i) report(path, `${name} uses ${used}, which is not below it`);
  }
  return entries;
}

const tables = Object.fromEntries(['host', 'boards', 'assembly'].map((folder) => [folder, readTable(folder)]));

/** Returns the component of a file: the longest name that is a parent folder. */
function componentOf(entries, file) {
  const names = entries.map(([name]) => name).filter((name) => file.startsWith(`${name}/`));
  return names.sort((a, b) => b.length - a.length)[0];
}

function filesBelow(folder, isFile) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = `${folder}/${name}`;
    // The build writes into the folder `generated` of an app.
    if (statSync(join(root, path)).isDirectory()) return name === 'generated' ? [] : filesBelow(path, isFile);
    return isFile(name) ? [path] : [];
  });
}

const TESTS = String.raw`(\.test|\.fuzz)\.ts$|/(testing|needs|test-form|fake-node|examples|flatbuffer-writer|every-cut|mutate|seeds|random-module)\.ts$`;
const escaped = (text) => text.replaceAll(/[.*+?^$()[\]{}|\\]/g, '\\$&');

/** Checks TypeScript with dependency-cruiser: components, their entry points, packages, circles. */
async function checkTypeScript() {
  const entries = tables.host;
  if (entries.length === 0) return;
  const names = entries.map(([name]) => name);
  // The files of a component, without those of components below its folder.
  const own = (name) => {
    const below = names.filter((other) => other.startsWith(`${name}/`)).map((other) => other.slice(name.length + 1));
    return `^host/${escaped(name)}/${below.length > 0 ? `(?!(${below.map(escaped).join('|')})/)` : ''}`;
  };
  const entry = (name) => `${own(name)}index\\.ts$`;
  const forbidden = entries.flatMap(([name, { uses, packages = [] }]) => [
    {
      name: `${name} may import ${uses.join(', ') || 'no other component'}`,
      severity: 'error',
      from: { path: own(name), pathNot: TESTS },
      to: { path: '^(host|assembly|boards|scripts|tests)/', pathNot: [own(name), ...uses.map(own)] },
    },
    {
      name: `${name} may import the packages ${packages.join(', ') || '(none)'}`,
      severity: 'error',
      from: { path: own(name), pathNot: TESTS },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-no-pkg', 'npm-unknown', 'npm-peer'],
        pathNot: packages.map((other) => `node_modules/${escaped(other)}/`),
      },
    },
    {
      name: `others import only index.ts of ${name}`,
      severity: 'error',
      from: { path: '^host/', pathNot: [own(name), TESTS] },
      to: { path: own(name), pathNot: entry(name) },
    },
  ]);
  forbidden.push(
    { name: 'no circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no command imports another',
      severity: 'error',
      from: { path: '^host/cli/[^/]+$', pathNot: '/(main|program)\\.ts$' },
      to: { path: '^host/cli/[^/]+$' },
    },
    { name: 'every import can be resolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no file outside of a component',
      severity: 'error',
      from: { path: '^host/', pathNot: names.map(own) },
      to: {},
    },
  );
  const { output } = await cruise(['host'], {
    baseDir: root,
    ruleSet: { forbidden },
    validate: true,
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  });
  for (const { from, to, rule, cycle } of output.summary.violations)
    report(from, `imports ${cycle ? cycle.map(({ name }) => name).join(' -> ') : to}; rule: ${rule.name}`);
}

/** Checks AssemblyScript and C. Imports are resolved here, because their compilers list them only in a build. */
function checkByText(folder, isFile, named, find) {
  const entries = tables[folder];
  if (entries.length === 0) return;
  const uses = new Map(entries.map(([name, component]) => [name, component.uses]));
  const importsOf = new Map();
  for (const file of filesBelow(folder, isFile)) {
    const inside = file.slice(folder.length + 1);
    const from = componentOf(entries, inside);
    if (from === undefined) report(file, 'is in no component');
    const imported = [...readFileSync(join(root, file), 'utf8').matchAll(named)].flatMap(([, name]) =>
      find(file, name),
    );
    importsOf.set(file, imported);
    for (const target of imported) {
      const to = componentOf(entries, target.slice(folder.length + 1));
      if (to !== from && !uses.get(from)?.includes(to))
        report(file, `imports ${target}; ${from} may import ${uses.get(from)?.join(', ') || 'no other component'}`);
    }
  }
  reportCircles(importsOf);
}

/** Searches depth first; a file that is reached again on its own path closes a circle. */
function reportCircles(importsOf) {
  const done = new Set();
  const visit = (file, way) => {
    if (way.includes(file)) {
      report(file, `is in a circle: ${[...way.slice(way.indexOf(file)), file].join(' -> ')}`);
      return;
    }
    if (done.has(file)) return;
    for (const target of importsOf.get(file) ?? []) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of importsOf.keys()) visit(file, []);
}

function checkAssemblyScript() {
  checkByText(
    'assembly',
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
    /^(?:import|export)\b[^;]*?from '(\.[^']+)'/gm,
    (file, name) => {
      const path = join(dirname(file), name);
      return [`${path}.ts`, `${path}/index.ts`].filter((candidate) => existsSync(join(root, candidate)));
    },
  );
}

function checkC() {
  const headers = filesBelow('boards', (name) => name.endsWith('.h'));
  const targetOf = (file) => /^boards\/targets\/[^/]+/.exec(file)?.[0];
  checkByText(
    'boards',
    (name) => /\.[chS]$/.test(name),
    /^\s*#\s*include\s+"([^"]+)"/gm,
    (file, name) => {
      const beside = join(dirname(file), name);
      if (headers.includes(beside)) return [beside];
      // Otherwise in the include folders of the compiler: those of the components, and of one target.
      const found = headers.filter((header) => `/${header}`.endsWith(`/${name}`));
      const target = targetOf(file);
      const visible = found.filter((header) => !targetOf(header) || targetOf(header) === target);
      // A driver includes the board.h of the target that it is built for.
      return visible.length > 1 ? [] : visible;
    },
  );
}

/** Returns the tables as Markdown. */
function markdown() {
  return Object.entries(tables).flatMap(([folder, entries]) => {
    if (entries.length === 0) return [];
    const list = (uses) => uses.map((used) => `\`${used}\``).join(', ');
    const rows = entries.map(([name, { holds, uses }]) => `| \`${folder}/${name}\` | ${holds} | ${list(uses)} |`);
    return ['', '| component | holds | may import |', '|---|---|---|', ...rows];
  });
}

function checkDocument() {
  const path = join(root, 'docs', 'DESIGN.md');
  if (!existsSync(path)) return;
  const old = readFileSync(path, 'utf8');
  const now = old.replace(
    /<!-- imports -->.*?<!-- \/imports -->/s,
    ['<!-- imports -->', ...markdown(), '', '<!-- /imports -->'].join('\n'),
  );
  if (now === old) return;
  if (options.write) writeFileSync(path, now);
  else report('docs/DESIGN.md', 'shows other tables: run node scripts/check-imports.mjs --write');
}

await checkTypeScript();
checkAssemblyScript();
checkC();
checkDocument();
if (options.json) console.log(JSON.stringify(problems, null, 2));
else {
  for (const { file, text } of problems) console.error(`${red('✗')} ${file} ${text}`);
  if (problems.length === 0) console.log(green('All imports are allowed'));
}
process.exit(problems.length > 0 ? 1 : 0);
