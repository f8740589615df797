/**
 * Native kernels against the AssemblyScript kernels: equal bytes on this machine and on every emulated board, for any
 * record.
 */
import { link, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagePath } from '../../host/base/index.ts';
import { cases } from '../../host/base/test-form.ts';
import {
  type BuildOptions,
  buildImage,
  findTool,
  libraryFlags,
  loadBoard,
  startNode,
  type ToolName,
} from '../../host/toolchain/board/index.ts';
import { caseFile } from './reference.ts';

/** Number of cases of each operator and signal kernel. */
const CASES = cases(10_000);
/** Number of corrupted records for each case. */
const CORRUPTED = 2;
const KERNELS = 17;

const sources = (...names: string[]) => names.map((name) => packagePath('tests', 'kernels', name));
const CONFORMANCE: BuildOptions = {
  image: {
    name: 'kernels-conformance',
    sources: sources('conformance.c', 'case.c'),
    components: ['kernels'],
  },
};
const HOSTILE: BuildOptions = {
  image: { name: 'kernels-hostile', sources: sources('hostile.c', 'case.c'), components: ['kernels'] },
};
const CALLS: BuildOptions = {
  image: { name: 'kernels-calls', sources: sources('calls.c'), components: ['kernels'] },
};
/** Memory of exactly each case's size, under a sanitizer. */
const SANITIZED = { sanitize: true, defines: { CASE_EXACT: 1, HOSTILE_TIMES: CORRUPTED } };

/** The tool that a board needs and this machine lacks, as the end of a test's name. */
async function missing(board: string): Promise<string | null> {
  const { cpu, run } = loadBoard(board);
  const tools: ToolName[] = [cpu.toolchain, ...(run?.kind === 'qemu' ? [run.program as ToolName] : [])];
  try {
    for (const tool of tools) await findTool(tool);
    await libraryFlags(cpu.toolchain);
    return null;
  } catch (error) {
    return `skipped: ${(error as Error).message}`;
  }
}

const BOARDS = ['mps2-an386', 'mps2-an505', 'lm3s6965evb', 'riscv-virt'];
const lacking = new Map<string, string | null>();
for (const board of [...BOARDS, 'linux']) lacking.set(board, await missing(board));
const titled = (title: string, board: string) => [title, lacking.get(board)].filter((part) => part != null).join(', ');

describe('native kernels', { timeout: 180_000, concurrent: true }, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mote-kernels-'));
    await writeFile(join(folder, 'cases.bin'), await caseFile(CASES, 20_261_124));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Builds and runs a program over the cases; returns its output. */
  async function run(boardName: string, options: BuildOptions): Promise<string> {
    const board = loadBoard(boardName);
    const { elf } = await buildImage(board, options);
    const own = await mkdtemp(join(folder, 'node-'));
    await link(join(folder, 'cases.bin'), join(own, 'cases.bin'));
    const node = await startNode(board, elf, { folder: own });
    const { output } = await node.ended;
    return output.trim();
  }

  const count = KERNELS * CASES;
  it.skipIf(lacking.get('linux') !== null)(
    titled(`write the same bytes as the AssemblyScript kernels, and no others, on this machine`, 'linux'),
    async () => expect(await run('linux', { ...CONFORMANCE, ...SANITIZED })).toBe(`${count} cases, 0 differ`),
  );

  it.skipIf(lacking.get('linux') !== null)(
    titled('access nothing outside memory and rom when records, entries and arguments are corrupted', 'linux'),
    async () => {
      const output = await run('linux', { ...HOSTILE, ...SANITIZED });
      const counts = '\\d+ done, \\d+ declined, \\d+ faults, 0 odd';
      expect(output).toMatch(new RegExp(`^${count * CORRUPTED} spoiled: ${counts}$`));
      // All three results are frequent: the corruption reaches all checks, not only the first one.
      for (const answer of output.matchAll(/(\d+) (?:done|declined|faults)/g))
        expect(Number(answer[1])).toBeGreaterThan(count / 20);
    },
  );

  it.skipIf(lacking.get('linux') !== null)(
    titled('stop where only the portable kernel continues, after much work, and at a fault', 'linux'),
    async () => expect(await run('linux', { ...CALLS, sanitize: true })).toBe('0 wrong'),
  );

  for (const board of BOARDS)
    it.skipIf(lacking.get(board) !== null)(titled(`write the same bytes on ${board}`, board), async () =>
      expect(await run(board, CONFORMANCE)).toContain(`${count} cases, 0 differ`),
    );
});
