/** `mote board`: which boards there are, and what this machine needs for them. */
import type { Command } from 'commander';
import { type Board, boardNames, loadBoard, type ToolName } from '../toolchain/board/index.ts';
import { addCommand } from './command.ts';
import { Exit, type Terminal, table, wrap } from './terminal.ts';
import {
  BOARD_TOOLS,
  BOOTLOADER,
  type Check,
  checkBuildTool,
  checkLines,
  checkTool,
  isWell,
  serialPorts,
  TOOLS,
  uf2Drives,
} from './tools.ts';

/** Memory has binary sizes. */
const kib = (bytes: number): string => `${Math.round(bytes / 1024)} KiB`;

/** What a board is built and run with. */
function buildTools({ cpu, run }: Board): ToolName[] {
  const emulator = BOARD_TOOLS.find((name) => run?.kind === 'qemu' && name === run.program);
  return emulator === undefined ? [cpu.toolchain] : [cpu.toolchain, emulator];
}

/** What this machine lacks to run a board; nothing for one that only runs on the hardware. */
async function missingTools(board: Board): Promise<string[]> {
  if (board.run === null) return [];
  const checks = await Promise.all(buildTools(board).map((name) => checkBuildTool(name, true)));
  return checks.filter(({ ok }) => !ok).map(({ name }) => name);
}

function runsHere({ run }: Board, missing: readonly string[]): string {
  if (run === null) return 'no';
  if (missing.length > 0) return 'needs tools';
  return run.kind === 'process' ? 'as a process' : 'in QEMU';
}

const flashBytes = ({ memory, flash }: Board): number => (memory?.firmware.bytes ?? 0) + flash.bytes;

async function list(terminal: Terminal): Promise<void> {
  const boards = await Promise.all(
    boardNames().map(async (name) => {
      const board = loadBoard(name);
      const missing = await missingTools(board);
      return { ...board, runsHere: board.run !== null && missing.length === 0, missing };
    }),
  );
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
  if (lacking.length > 0) lacking.push('"mote board doctor BOARD" says how to get it.');
  const notes = [...lacking, ...notesOf(boards, ({ neverRun }) => neverRun && `never run ${neverRun}`)];
  if (notes.length > 0) terminal.line();
  for (const line of notes.flatMap((note) => wrap(note, terminal.columns))) terminal.line(terminal.paint('dim', line));
}

/** What is to be said of boards, once for all of which it is true. */
function notesOf<T extends Board>(boards: readonly T[], noteOf: (board: T) => string | null): string[] {
  const notes = new Set(boards.map(noteOf).filter((note) => note !== null));
  return [...notes].map((note) => {
    const names = boards.filter((board) => noteOf(board) === note).map(({ name }) => name);
    return `${names.join(', ')}: ${note}`;
  });
}

/** Of what one board needs, what is there. */
async function diagnose(board: Board): Promise<Check[]> {
  const { run, flashing } = board;
  const tools = flashing.map(({ tool }) => tool);
  // A board that runs here needs no probe, and with two ways to flash it neither is a must.
  const must = run === null && tools.length === 1;
  return [
    ...(await Promise.all(buildTools(board).map((name) => checkBuildTool(name, true)))),
    ...(tools.includes('probe-rs') ? [await checkTool(TOOLS.probeRs, must)] : []),
    ...(tools.includes('esptool') ? [await checkTool(TOOLS.esptool, must)] : []),
    ...(run === null ? places(tools.includes('uf2')) : []),
  ];
}

async function diagnoseAll(): Promise<Check[]> {
  return [
    ...(await Promise.all(BOARD_TOOLS.map((name) => checkBuildTool(name, false)))),
    ...(await Promise.all(Object.values(TOOLS).map((tool) => checkTool(tool, false)))),
    ...places(true),
  ];
}

/** Where a board may be plugged in. */
function places(drives: boolean): Check[] {
  const check = (name: string, found: string[], fix: string): Check =>
    found.length > 0
      ? { name, ok: true, needed: false, found: found.join(', ') }
      : { name, ok: false, needed: false, found: 'none', fix };
  const ports = check('serial ports', serialPorts(), 'plug the board in with a USB cable that carries data');
  if (!drives) return [ports];
  const mounted = uf2Drives().map(({ path, board }) => `${path} (${board})`);
  return [ports, check('UF2 drives', mounted, BOOTLOADER)];
}

export function registerBoard(program: Command): void {
  const group = program.command('board').description('Boards: what there is, and what they need.');
  addCommand(group, {
    usage: 'list',
    says: 'Lists the boards: processor, memory, sensors, and whether this machine can run them.',
    examples: ['mote board list', 'mote board list --json'],
    async run({ terminal }) {
      await list(terminal);
      return Exit.ok;
    },
  });
  addCommand<[string?]>(group, {
    usage: 'doctor [board]',
    says: 'Checks compilers, emulators, flash tools and ports, of one board or of all, and shows how to install what is missing.',
    failure: 'A board lacks something that it needs.',
    examples: ['mote board doctor', 'mote board doctor mps2-an386 --json'],
    async run({ terminal, args: [name] }) {
      const checks = name === undefined ? await diagnoseAll() : await diagnose(loadBoard(name));
      terminal.data({ board: name ?? null, ok: isWell(checks), checks });
      for (const line of checkLines(terminal, checks)) terminal.line(line);
      return isWell(checks) ? Exit.ok : Exit.failed;
    },
  });
}
