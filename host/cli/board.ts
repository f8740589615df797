/** `mote board`: which boards there are, and what this machine needs for them. */
import type { Command } from 'commander';
import { type Board, loadBoard } from '../toolchain/board/index.ts';
import { checkBoard, checkBoards, isWell, listBoards } from '../toolchain/doctor/index.ts';
import { checkLines } from './shared/check-lines.ts';
import { addCommand } from './shared/command.ts';
import { Exit, type Terminal, table, wrap } from './shared/terminal.ts';

/** Memory has binary sizes. */
const kib = (bytes: number): string => `${Math.round(bytes / 1024)} KiB`;

function runsHere({ run }: Board, missing: readonly string[]): string {
  if (run === null) return 'no';
  if (missing.length > 0) return 'needs tools';
  return run.kind === 'process' ? 'as a process' : 'in QEMU';
}

const flashBytes = ({ memory, flash }: Board): number => (memory?.firmware.bytes ?? 0) + flash.bytes;

async function list(terminal: Terminal): Promise<void> {
  const boards = await listBoards();
  terminal.data({ boards });
  const head = ['board', 'processor', 'RAM', 'flash', 'sensors', 'runs here'].map((text) =>
    terminal.paint('bold', text),
  );
  const rows = boards.map((board) => [
    board.name,
    board.cpu.core,
    board.memory === null ? '-' : kib(board.memory.ram.bytes),
    kib(flashBytes(board)),
    board.run === null ? board.sensors.map(({ name }) => name).join(', ') || 'none' : 'simulated',
    runsHere(board, board.missing),
  ]);
  for (const line of table([head, ...rows], 'llrr')) terminal.line(line);
  const lacking = notesOf(boards, ({ missing }) => (missing.length > 0 ? `needs ${missing.join(' and ')}` : null));
  if (lacking.length > 0) lacking.push('"mote board doctor BOARD" explains how to get it.');
  const notes = [...lacking, ...notesOf(boards, ({ neverRun }) => neverRun && `never run ${neverRun}`)];
  if (notes.length > 0) terminal.line();
  for (const line of notes.flatMap((note) => wrap(note, terminal.columns))) terminal.line(terminal.paint('dim', line));
}

/** Notes about boards. Boards that share a note share a line. */
function notesOf<T extends Board>(boards: readonly T[], noteOf: (board: T) => string | null): string[] {
  const notes = new Set(boards.map(noteOf).filter((note) => note !== null));
  return [...notes].map((note) => {
    const names = boards.filter((board) => noteOf(board) === note).map(({ name }) => name);
    return `${names.join(', ')}: ${note}`;
  });
}

export function registerBoard(program: Command): void {
  const group = program.command('board').description('Lists boards, and checks what they need.');
  addCommand(group, {
    usage: 'list',
    description: 'Lists the boards: processor, memory, sensors, and whether this machine can run them.',
    examples: ['mote board list', 'mote board list --json'],
    async run({ terminal }) {
      await list(terminal);
      return Exit.ok;
    },
  });
  addCommand<[string?]>(group, {
    usage: 'doctor [board]',
    description:
      'Checks the compilers, emulators, flash tools and ports of one board or of all, and shows how to install what is missing.',
    failure: 'A board lacks something that it needs.',
    examples: ['mote board doctor', 'mote board doctor mps2-an386 --json'],
    async run({ terminal, args: [name] }) {
      const checks = name === undefined ? await checkBoards() : await checkBoard(loadBoard(name));
      terminal.data({ board: name ?? null, ok: isWell(checks), checks });
      for (const line of checkLines(terminal, checks)) terminal.line(line);
      return isWell(checks) ? Exit.ok : Exit.failed;
    },
  });
}
