/** A board under test: built once, with its limits. */
import { readFileSync } from 'node:fs';
import { packagePath } from '../../host/base/index.ts';
import { type Board, loadBoard } from '../../host/toolchain/board/board-json.ts';
import { buildImage } from '../../host/toolchain/board/build.ts';
import { findTool, TOOL_NAMES, type ToolName } from '../../host/toolchain/board/toolchain.ts';
import { missingSources } from '../sources.ts';
import { boardSubject } from './board.ts';
import type { Geometry, Subject } from './world.ts';

/** The missing tool to run the board, as a sentence; null if none is missing. */
export async function missing({ cpu, run }: Board): Promise<string | null> {
  const program = run?.kind === 'qemu' ? TOOL_NAMES.filter((name) => name === run.program) : [];
  for (const tool of [cpu.toolchain, ...program] satisfies ToolName[]) {
    const why = await findTool(tool).then(
      () => null,
      (error: Error) => error.message,
    );
    if (why !== null) return why;
  }
  return (await missingSources('images/agent')) || null;
}

/** Builds the agent of a board; a process has sanitizers. */
export async function subjectOf(name: string, { sanitize = name === 'linux' } = {}): Promise<Subject> {
  const board = loadBoard(name);
  const { elf } = await buildImage(board, { image: 'agent', sanitize });
  return boardSubject(board, elf, geometryOf(board));
}

export const geometryOf = ({ flash }: Board): Geometry => ({
  sizeBytes: flash.bytes,
  pageBytes: flash.page,
  writeBytes: flash.write,
});

/** Returns a number of boards/base/constants.h, or of the board's own flags. */
export function boundOf({ cpu }: Board, name: string): number {
  const own = cpu.flags.find((flag) => flag.startsWith(`-D${name}=`));
  if (own !== undefined) return Number(own.split('=')[1]);
  const found = new RegExp(`#define ${name} (\\d+)`).exec(
    readFileSync(packagePath('boards', 'base', 'constants.h'), 'utf8'),
  );
  if (found === null) throw new Error(`${name} isn't in constants.h`);
  return Number(found[1]);
}
