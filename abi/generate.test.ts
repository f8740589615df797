import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generate } from './generate/files.mjs';
import { checked, load } from './generate/load.mjs';

const ABI = dirname(fileURLToPath(import.meta.url));

/** The data, free to be changed. */
const fresh = () => structuredClone(load(ABI));

/** Generated files that differ after `change` from what they are without it. */
function changedBy(change: (data: ReturnType<typeof fresh>) => void): string[] {
  const data = fresh();
  change(data);
  const [before, after] = [generate(load(ABI)), generate(checked(data, ABI))];
  return Object.keys(after).filter((path) => before[path] !== after[path]);
}

describe('a change of one definition', () => {
  it('of an import changes the bindings of all languages and the docs', () => {
    const changed = changedBy(({ abi }) => {
      abi.imports.find(({ name }: { name: string }) => name === 'sensor_rate').params.push(['unit', 'i64']);
    });
    expect(changed.sort()).toEqual([
      'assembly/abi/module.ts',
      'boards/base/abi.h',
      'docs/ABI.md',
      'host/base/abi/module.ts',
    ]);
  });

  it("of a record's field changes the bindings of all languages and the docs", () => {
    const changed = changedBy(({ operators }) => {
      operators.records.mean.fields.splice(2, 0, { name: 'spare', type: 'i32', description: 'A field more.' });
    });
    expect(changed.sort()).toEqual([
      'assembly/nn/records.ts',
      'boards/base/operators.h',
      'docs/ABI.md',
      'host/base/abi/operators.ts',
    ]);
  });

  it('of a constant changes the bindings of host and node and the limits in the docs', () => {
    const changed = changedBy(({ constants }) => {
      constants.groups.node.constants.deadline_us.value = 3_000_000;
    });
    expect(changed.sort()).toEqual(['boards/base/constants.h', 'docs/LIMITS.md', 'host/base/abi/constants.ts']);
  });

  it('of an error code changes what TypeScript accepts and the docs', () => {
    const changed = changedBy(({ errors }) => {
      errors.groups[0].codes.NEW_CODE = { cause: 'Something is new.', remedy: 'Learn it.' };
    });
    expect(changed.sort()).toEqual(['docs/errors.md', 'host/base/abi/errors.ts']);
  });

  it('of a sentence changes the bindings of host and node and the docs', () => {
    const changed = changedBy(({ errors }) => {
      errors.sentences[11].text = 'Sequence {0} is too low; this node has {1}.';
    });
    expect(changed.sort()).toEqual(['boards/base/sentences.h', 'docs/errors.md', 'host/base/abi/sentences.ts']);
  });

  it('of the fields of a message changes the bindings of host and node', () => {
    const changed = changedBy(({ constants }) => {
      constants.messages.find(({ name }: { name: string }) => name === 'log').fields.push('source');
    });
    expect(changed.sort()).toEqual(['boards/base/constants.h', 'host/base/abi/constants.ts']);
  });
});

it('names files that exist as those that enforce the limits', () => {
  const missing = load(ABI).limits.limits.filter(
    ({ where }: { where: string }) => !existsSync(join(dirname(ABI), where)),
  );
  expect(missing).toEqual([]);
});

/** All sources of a folder below the repository, one after another. */
function sources(folder: string, ...ends: string[]): string {
  const root = join(dirname(ABI), folder);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => ends.some((end) => name.endsWith(end)) && !name.includes('.test.') && !name.includes('base/abi'))
    .map((name) => readFileSync(join(root, name), 'utf8'))
    .join('\n');
}

it('has no error code that nothing reports', () => {
  const code = `${sources('host', '.ts')}${sources('boards', '.c', '.h')}`;
  const { groups, sentences } = load(ABI).errors;
  const reported = new Set(sentences.map((sentence: { code: string }) => sentence.code));
  const unused = groups
    .flatMap(({ codes }: { codes: object }) => Object.keys(codes))
    .filter((name: string) => name !== 'TEST' && !name.startsWith('TRAP_') && !name.startsWith('SOURCE_'))
    .filter((name: string) => !reported.has(name))
    .filter((name: string) => !code.includes(`'${name}'`) && !code.includes(`"${name}"`));
  expect(unused).toEqual([]);
});

describe('the check of the repository', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mote-abi-'));
    cpSync(ABI, join(folder, 'abi'), { recursive: true });
    symlinkSync(join(dirname(ABI), 'node_modules'), join(folder, 'node_modules'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(folder, 'abi', 'generate.mjs'), ...args], { encoding: 'utf8' });
  const edit = (file: string, from: string, to: string) => {
    const path = join(folder, 'abi', file);
    writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
  };

  it('fails for a file that is stale, and names it', () => {
    expect(run().status).toBe(0);
    expect(run('--check').status).toBe(0);
    edit('operators.json', '"table_size"', '"table_entries"');
    const { status, stderr } = run('--check');
    expect(status).toBe(1);
    expect(stderr.match(/^stale: \S+/gm)).toEqual([
      'stale: assembly/nn/records.ts',
      'stale: host/base/abi/operators.ts',
      'stale: boards/base/operators.h',
      'stale: docs/ABI.md',
    ]);
  });

  it.each([
    ['abi.json', '"version"', '"versions"', "abi/abi.json doesn't follow abi/schemas/abi.schema.json"],
    ['abi.json', '"kv_set"', '"kv_get"', 'abi/abi.json: the function kv_get occurs twice'],
    ['abi.json', '"NOT_FOUND": -1', '"NOT_FOUND": -2', 'abi/abi.json: the error number -2 occurs twice'],
    ['operators.json', '"number": 3', '"number": 4', 'operator conv2d has number 4, at this place it is 3'],
    ['operators.json', '"record": "pool"', '"record": "pond"', "operator average_pool2d has no record 'pond'"],
    ['operators.json', '"type": "f32"', '"type": "f64"', '/records/convert/fields/3/type must be equal to one of'],
    ['operators.json', '"input_b"', '"input_a"', 'the record add: field input_a occurs twice'],
    ['constants.json', '"number": 5', '"number": 6', 'abi/constants.json: the message with the number 6 occurs twice'],
    ['constants.json', '"value": 64', '"value": "64"', 'must be integer'],
    [
      'limits.json',
      '{node.late_us}',
      '{node.late}',
      "'a step that ends after the time of the next one' refers to {node.late}",
    ],
    ['errors.json', '{1|slot_condition}', '{1|slot_name}', 'sentence ota_no_package refers to the phrases slot_name'],
    ['errors.json', '"number": 3', '"number": 4', 'sentence flash_start has number 4, at this place it is 3'],
    ['errors.json', '"cause"', '"reason"', "must have required property 'cause'"],
    ['operators.json', '{', '', 'abi/operators.json: Unexpected'],
  ])('rejects a wrong %s: %s as %s', (file, from, to, message) => {
    edit(file, from, to);
    const { status, stderr } = run('--check');
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
  });
});
