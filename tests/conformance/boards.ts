/** The boards that the table runs on, and what they give a module. */
import { readFileSync } from 'node:fs';
import type { Board } from '../../host/board/board-json.ts';
import { packagePath } from '../../host/paths.ts';
import type { Geometry } from './world.ts';

/** Those of `MOTE_BOARDS`, or all that run here. */
export const BOARDS = process.env.MOTE_BOARDS?.split(',') ?? [
  'linux',
  'mps2-an386',
  'mps2-an505',
  'lm3s6965evb',
  'riscv-virt',
];

export const geometryOf = ({ flash }: Board): Geometry => ({
  sizeBytes: flash.bytes,
  pageBytes: flash.page,
  writeBytes: flash.write,
});

/** A number of boards/common/agent/bounds.h, or of the board's own flags. */
export function boundOf({ cpu }: Board, name: string): number {
  const own = cpu.flags.find((flag) => flag.startsWith(`-D${name}=`));
  if (own !== undefined) return Number(own.split('=')[1]);
  const found = new RegExp(`#define ${name} (\\d+)`).exec(
    readFileSync(packagePath('boards', 'common', 'agent', 'bounds.h'), 'utf8'),
  );
  if (found === null) throw new Error(`${name} isn't in bounds.h`);
  return Number(found[1]);
}
