// Writes every binding of the module ABI from abi.json. `--check` fails when one is stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const abi = JSON.parse(readFileSync(join(root, 'abi', 'abi.json'), 'utf8'));
const note = 'Generated from abi/abi.json by abi/generate.mjs. Do not edit.';
const wire = (type) => (type === 'i64' ? 'i64' : 'i32');
const asType = (type) => ({ ptr: 'usize', len: 'i32' })[type] ?? type;
const camel = (name) => name.replace(/_([a-z])/g, (_, c) => c.toUpperCase());

function assemblyScript() {
  const lines = [`// ${note}`, ''];
  lines.push('/** What this SDK was built for, major x 65536 + minor. */');
  lines.push(`export const ABI_VERSION: i32 = ${abi.version.major * 65536 + abi.version.minor};`, '');
  for (const [name, value] of Object.entries(abi.errors)) lines.push(`export const ${name}: i32 = ${value};`);
  lines.push('');
  for (const [name, value] of Object.entries(abi.levels)) lines.push(`export const LEVEL_${name}: i32 = ${value};`);
  lines.push('');
  for (const [name, limit] of Object.entries(abi.limits)) {
    lines.push(`/** Most of ${limit.says}. */`, `export const MAX_${name.toUpperCase()}: i32 = ${limit.bytes};`);
  }
  for (const f of abi.imports) {
    const params = f.params.map(([name, type]) => `${camel(name === 'default' ? 'otherwise' : name)}: ${asType(type)}`);
    lines.push('', `/** ${f.says} */`, `@external("${abi.module}", "${f.name}")`);
    lines.push(`export declare function ${f.name}(${params.join(', ')}): ${f.result ?? 'void'};`);
  }
  return `${lines.join('\n')}\n`;
}

function typeScript() {
  const quote = (list) => `[${list.map((t) => `'${t}'`).join(', ')}]`;
  const lines = [`// ${note}`, ''];
  lines.push("export type WireType = 'i32' | 'i64';", '');
  lines.push(
    'export interface FunctionType {',
    '  readonly params: readonly WireType[];',
    '  readonly result: WireType | null;',
    '}',
    '',
  );
  lines.push(`export const ABI_MODULE = '${abi.module}';`);
  lines.push(
    '/** major x 65536 + minor */',
    `export const ABI_VERSION = ${abi.version.major * 65536 + abi.version.minor};`,
    '',
  );
  lines.push('/** Error numbers that imports return. */', 'export const AbiError = {');
  for (const [name, value] of Object.entries(abi.errors)) lines.push(`  ${name}: ${value},`);
  lines.push(
    '} as const;',
    '',
    '/** Levels of `log`, by number. */',
    `export const LOG_LEVELS = ${quote(Object.keys(abi.levels).map((l) => l.toLowerCase()))} as const;`,
  );
  lines.push(
    'export type LogLevel = (typeof LOG_LEVELS)[number];',
    '',
    '/** Bounds of what crosses the ABI. */',
    'export const AbiLimit = {',
  );
  for (const [name, limit] of Object.entries(abi.limits))
    lines.push(`  /** ${limit.says} */`, `  ${camel(name)}: ${limit.bytes},`);
  lines.push('} as const;', '');
  lines.push(
    "/** Operators of a model's program, as `nn_run` takes them. */",
    'export const ABI_OPERATORS = {',
    ...Object.entries(abi.operators).map(([name, number]) => `  ${name}: ${number},`),
    '} as const;',
    'export type AbiOperator = keyof typeof ABI_OPERATORS;',
    '',
  );
  lines.push('export const ABI_IMPORTS = {');
  for (const f of abi.imports) {
    const result = f.result ? `'${wire(f.result)}'` : 'null';
    lines.push(
      `  /** ${f.says} */`,
      `  ${f.name}: { params: ${quote(f.params.map(([, t]) => wire(t)))}, result: ${result} },`,
    );
  }
  lines.push(
    '} as const satisfies Record<string, FunctionType>;',
    'export type AbiImport = keyof typeof ABI_IMPORTS;',
    '',
  );
  lines.push('export const ABI_EXPORTS = {');
  for (const f of abi.exports.filter((e) => e.kind === 'function')) {
    const result = f.result ? `'${wire(f.result)}'` : 'null';
    lines.push(
      `  /** ${f.says} */`,
      `  ${f.name}: { params: ${quote(f.params.map(([, t]) => wire(t)))}, result: ${result} },`,
    );
  }
  lines.push(
    '} as const satisfies Record<string, FunctionType>;',
    'export type AbiExport = keyof typeof ABI_EXPORTS;',
    '',
  );
  lines.push('export const ABI_GLOBALS = {');
  for (const g of abi.exports.filter((e) => e.kind === 'global'))
    lines.push(`  /** ${g.says} */`, `  ${g.name}: '${g.type}',`);
  lines.push('} as const satisfies Record<string, WireType>;');
  return `${lines.join('\n')}\n`;
}

function c() {
  const letter = (type) => (type === undefined ? 'v' : wire(type) === 'i64' ? 'I' : 'i');
  const signature = (f) => `${letter(f.result)}(${f.params.map(([, t]) => letter(t)).join('')})`;
  const constants = (prefix, list) =>
    Object.entries(list).map(([n, value]) => `    ${prefix}${n.toUpperCase()} = ${value},`);
  const { major, minor } = abi.version;
  const lines = [
    `/* ${note} The ABI between a module and its host. */`,
    '#ifndef MOTE_ABI_H',
    '#define MOTE_ABI_H',
    '',
  ];
  lines.push(
    `#define ABI_MODULE "${abi.module}"`,
    '/* major x 65536 + minor */',
    `#define ABI_VERSION ${major * 65536 + minor}`,
    '',
    '/* What imports return. */',
    'enum abi_error {',
    ...constants('ABI_', abi.errors),
    '};',
    '',
    '/* Levels of `log`. */',
    'enum abi_level {',
    ...constants('ABI_LEVEL_', abi.levels),
    '};',
    '',
    "/* Operators of a model's program, as nn_run takes them. */",
    'enum abi_operator {',
    ...constants('ABI_OPERATOR_', abi.operators),
    '};',
    `#define ABI_OPERATORS ${Object.keys(abi.operators).length}`,
    '',
  );
  for (const [name, limit] of Object.entries(abi.limits))
    lines.push(`/* Most of ${limit.says}. */`, `#define ABI_MAX_${name.toUpperCase()} ${limit.bytes}`);
  lines.push(
    '',
    '/*',
    ' * X(name, signature) for each function that a module may import. A signature is the result and, in brackets, the parameters: v is',
    ' * none, i is 32 and I is 64 bits.',
    ' */',
    '#define ABI_IMPORTS(X) \\',
    abi.imports.map((f) => `    X(${f.name}, "${signature(f)}")`).join(' \\\n'),
    '',
    '/* X(name, signature) for each function that a module exports. */',
    '#define ABI_EXPORTS(X) \\',
    abi.exports
      .filter((e) => e.kind === 'function')
      .map((f) => `    X(${f.name}, "${signature(f)}")`)
      .join(' \\\n'),
    '',
    '/* Globals that a module exports. */',
    ...abi.exports
      .filter((e) => e.kind === 'global')
      .map((g) => `#define ABI_GLOBAL_${g.name.toUpperCase()} "${g.name}"`),
    '',
    '#endif',
  );
  return `${lines.join('\n')}\n`;
}

function markdown() {
  const lines = [`<!-- ${note} -->`, '# Module ABI', ''];
  lines.push(
    `Version ${abi.version.major}.${abi.version.minor}. A module imports only from \`${abi.module}\`. A host takes a module whose major version equals its own`,
  );
  lines.push('and whose minor version is at most its own; it refuses any other before a single instruction runs.', '');
  lines.push(
    '| type | meaning |',
    '|---|---|',
    ...Object.entries(abi.types).map(([t, says]) => `| \`${t}\` | ${says} |`),
    '',
  );
  lines.push(
    'Minor version 1 added `nn_run`, `nn_real_fft` and `nn_filter_bank`: a host without kernels of its own returns 0 to each. Both ways',
    'give equal bytes and cost equal fuel, which the module pays before it asks. Rom lies at a multiple of 16 in memory.',
    '',
  );
  lines.push('## Imports', '', '| function | does |', '|---|---|');
  for (const f of abi.imports) {
    const params = f.params.map(([name, type]) => `${name}: ${type}`).join(', ');
    lines.push(`| \`${f.name}(${params})${f.result ? ` -> ${f.result}` : ''}\` | ${f.says} |`);
  }
  lines.push('', '## Exports', '', '| export | does |', '|---|---|');
  for (const f of abi.exports) {
    const form =
      f.kind === 'global'
        ? `global ${f.name}: ${f.type}`
        : `${f.name}(${f.params.map(([n, t]) => `${n}: ${t}`).join(', ')})${f.result ? ` -> ${f.result}` : ''}`;
    lines.push(`| \`${form}\` | ${f.says} |`);
  }
  lines.push(
    '',
    '## Operators',
    '',
    'Numbers of a program of `nn_run`. Each record is laid out as the constants at the top of `assembly/nn/OPERATOR.ts` (`constant`: `copy.ts`)',
    'say. A record that reaches outside the memory or rom of the module is a `memory` trap in a host that runs it.',
    '',
    '| operator | number |',
    '|---|---|',
    ...Object.entries(abi.operators).map(([n, v]) => `| ${n} | ${v} |`),
  );
  lines.push(
    '',
    '## Errors',
    '',
    '| name | number |',
    '|---|---|',
    ...Object.entries(abi.errors).map(([n, v]) => `| ${n} | ${v} |`),
  );
  lines.push(
    '',
    '## Limits',
    '',
    '| limit | most | of |',
    '|---|---|---|',
    ...Object.entries(abi.limits).map(([n, l]) => `| ${n} | ${l.bytes} | ${l.says} |`),
  );
  return `${lines.join('\n')}\n`;
}

const outputs = {
  'assembly/mote/abi.ts': assemblyScript(),
  'host/base/abi/module.ts': typeScript(),
  'boards/common/abi.h': c(),
  'docs/ABI.md': markdown(),
};
const check = process.argv.includes('--check');
let stale = 0;
for (const [file, text] of Object.entries(outputs)) {
  const path = join(root, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  stale++;
  if (check) console.error(`stale: ${file} (run: node abi/generate.mjs)`);
  else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`wrote ${file}`);
  }
}
process.exit(check && stale > 0 ? 1 : 0);
