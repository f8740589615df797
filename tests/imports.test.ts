import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';

const CHECK = packagePath('scripts', 'check-imports.mjs');

/** A small checkout that keeps the rules. */
const GOOD: Record<string, string> = {
  'package.json': '{ "type": "module", "dependencies": { "commander": "*", "cbor-x": "*" } }',
  'host/components.json': JSON.stringify({
    cli: { holds: 'commands', uses: ['base', 'base/cbor'], packages: ['commander'] },
    'base/cbor': { holds: 'CBOR', uses: ['base'] },
    base: { holds: 'errors', uses: [] },
  }),
  'host/cli/main.ts':
    "import 'commander';\nimport { a } from '../base/index.ts';\nimport '../base/cbor/index.ts';\nvoid a;\n",
  'host/base/index.ts': "export { a } from './a.ts';\n",
  'host/base/a.ts': 'export const a = 1;\n',
  'host/base/cbor/index.ts': "export { a } from '../index.ts';\n",
  'boards/components.json': JSON.stringify({
    agent: { holds: 'the agent', uses: ['base'] },
    base: { holds: 'bytes', uses: [] },
    targets: { holds: 'boards', uses: [] },
  }),
  'boards/agent/agent.c': '#include "agent.h"\n#include "../base/bytes.h"\n#include <string.h>\n',
  'boards/agent/agent.h': '#include "bytes.h"\n',
  'boards/base/bytes.h': '\n',
  'boards/targets/one/board.c': '#include "board.h"\n',
  'boards/targets/one/board.h': '\n',
  'boards/targets/two/board.h': '\n',
  'assembly/components.json': JSON.stringify({
    mote: { holds: 'the SDK', uses: ['cbor'] },
    cbor: { holds: 'CBOR', uses: [] },
  }),
  'assembly/mote/index.ts': "import { b } from '../cbor';\nexport { b };\n",
  'assembly/cbor/index.ts': 'export const b = 1;\n',
};

const BAD: [what: string, files: Record<string, string>, expected: RegExp][] = [
  [
    'an import that goes up',
    {
      'host/base/a.ts': "export { main as a } from '../cli/index.ts';\n",
      'host/cli/index.ts': 'export const main = 1;\n',
    },
    /host\/base\/a\.ts imports host\/cli\/index\.ts; rule: base may import no other component/,
  ],
  [
    'a component below that is not in its list',
    { 'host/base/a.ts': "import './cbor/index.ts';\nexport const a = 1;\n" },
    /host\/base\/a\.ts imports host\/base\/cbor\/index\.ts/,
  ],
  [
    'a file of a component that is private',
    { 'host/cli/main.ts': "import '../base/a.ts';\n" },
    /others import only index\.ts of base/,
  ],
  [
    'a circle',
    { 'host/base/a.ts': "import './b.ts';\nexport const a = 1;\n", 'host/base/b.ts': "import './a.ts';\n" },
    /rule: no circle/,
  ],
  [
    'a package that belongs to another component',
    { 'host/base/a.ts': "import 'commander';\nexport const a = 1;\n" },
    /base may import the packages \(none\)/,
  ],
  [
    'a file outside of all components',
    { 'host/loose.ts': "import './base/index.ts';\n" },
    /host\/loose\.ts .*no file outside of a component/,
  ],
  [
    'a table that goes up',
    { 'host/components.json': JSON.stringify({ base: { holds: 'x', uses: [] }, cli: { holds: 'x', uses: ['base'] } }) },
    /cli uses base, which is not below it/,
  ],
  [
    'a C header of a component above',
    { 'boards/base/bytes.h': '#include "agent.h"\n' },
    /boards\/base\/bytes\.h imports boards\/agent\/agent\.h; base may import no other component/,
  ],
  [
    'a circle in C',
    { 'boards/base/bytes.h': '#include "text.h"\n', 'boards/base/text.h': '#include "bytes.h"\n' },
    /is in a circle: boards\/base\/bytes\.h -> boards\/base\/text\.h/,
  ],
  [
    'AssemblyScript that goes up',
    { 'assembly/cbor/index.ts': "export { b } from '../mote';\n" },
    /assembly\/cbor\/index\.ts imports assembly\/mote\/index\.ts/,
  ],
];

describe('the check of imports', () => {
  let lab: string;
  let count = 0;

  beforeAll(() => {
    lab = mkdtempSync(join(tmpdir(), 'imports-'));
  });
  afterAll(() => rmSync(lab, { recursive: true, force: true }));

  function check(changes: Record<string, string> = {}) {
    const root = join(lab, `checkout-${count++}`);
    for (const [file, text] of Object.entries({ ...GOOD, ...changes })) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    symlinkSync(packagePath('node_modules'), join(root, 'node_modules'));
    return spawnSync(process.execPath, [CHECK, '--root', root], { encoding: 'utf8' });
  }

  it('accepts a checkout that keeps the rules', () => {
    expect(check()).toMatchObject({ status: 0, stderr: '' });
  });

  it.each(BAD)('rejects %s', (_what, files, expected) => {
    const { status, stderr } = check(files);
    expect(stderr).toMatch(expected);
    expect(status).toBe(1);
  });

  it('writes the tables into the design document, and rejects stale ones', () => {
    const root = join(lab, `checkout-${count}`);
    const stale = { 'docs/DESIGN.md': '# Design\n<!-- imports -->\n<!-- /imports -->\n' };
    expect(check(stale).stderr).toMatch(/docs\/DESIGN\.md shows other tables/);
    execFileSync(process.execPath, [CHECK, '--root', root, '--write']);
    expect(spawnSync(process.execPath, [CHECK, '--root', root]).status).toBe(0);
  });
});
