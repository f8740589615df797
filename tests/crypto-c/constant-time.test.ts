/**
 * What boards/crypto does with a private key depends on it in no branch and no address: valgrind's memcheck follows the key through the
 * code of this machine, as Adam Langley's ctgrind does. tests/crypto-c/boards.test.ts counts instructions on boards.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { lacking, titled } from '../../host/base/needs.ts';
import { buildProgram, missingCrypto } from '../c-program.ts';

const reason = lacking('valgrind') ?? (missingCrypto ? missingCrypto : null);

/** Whether the private key is in range is no secret: p256-m tells memcheck so everywhere but here. */
const SUPPRESSION = `{
  the verdict on the range of a private key
  Memcheck:Cond
  fun:p256_public_from_private
}
`;

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

describe.skipIf(reason !== null).each(['-Os', '-O2'])(titled('with %s', reason), (level) => {
  let folder: string;
  let program: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mote-secret-'));
    writeFileSync(join(folder, 'suppressions'), SUPPRESSION);
    program = await buildProgram({
      folder: 'crypto-c',
      name: `secret${level}`,
      sources: ['secret.c'],
      components: ['crypto'],
      // p256-m marks what is secret and what is published.
      flags: [level, '-g', '-DCT_VALGRIND'],
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (operation: string) => {
    const options = ['--quiet', '--error-exitcode=9', `--suppressions=${join(folder, 'suppressions')}`];
    const { status, stdout, stderr } = spawnSync('valgrind', [...options, program, operation], { encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  it.each(['sign', 'agree', 'public'])('%s depends on the private key in no branch and no address', (operation) => {
    expect(run(operation)).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
  });

  it('a comparison that ends early is found', () => {
    const { status, stderr } = run('control');
    expect(status).toBe(9);
    expect(stderr).toMatch(/Conditional jump or move depends on uninitialised value/);
  });
});
