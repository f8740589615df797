/** What this machine has for moteware and for its boards, and how to get what is missing. */
import { MoteError } from '../../base/index.ts';
import { ENGINE_NAMES, loadEngine } from '../../device/engine/index.ts';
import { loadCompiler } from '../assembly/index.ts';
import { type Board, boardNames, loadBoard, type ToolName } from '../board/index.ts';
import { BOOTLOADER, serialPorts, uf2Drives } from './ports.ts';
import { BOARD_TOOLS, type Check, checkBuildTool, checkProgram, checkTool, TOOLS } from './tools.ts';

/** Checks what every command needs, and which tools of boards are installed. Builds the wasm3 engine if necessary. */
export async function checkMachine(): Promise<Check[]> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const recent = major > 20 || (major === 20 && minor >= 19);
  return [
    {
      name: 'node',
      ok: recent,
      needed: true,
      found: process.version,
      ...(recent ? {} : { fix: 'install Node 20.19 or newer' }),
    },
    await checkProgram(
      'cc',
      ['--version'],
      true,
      'install a C compiler: apt-get install gcc libc6-dev, or xcode-select --install',
    ),
    ...(await Promise.all(ENGINE_NAMES.map(checkEngine))),
    await checkCompiler(),
    await checkProgram(
      'mosquitto',
      ['-h'],
      false,
      'optional: apt-get install mosquitto (the embedded broker needs nothing)',
    ),
    ...(await checkAllTools()),
  ];
}

/** A gateway has none. */
async function checkCompiler(): Promise<Check> {
  const name = 'assemblyscript';
  try {
    await loadCompiler();
    return { name, ok: true, needed: false, found: 'loads' };
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    return { name, ok: false, needed: false, found: 'not installed', fix: `optional: ${error.message}` };
  }
}

async function checkEngine(name: (typeof ENGINE_NAMES)[number]): Promise<Check> {
  try {
    await loadEngine(name);
    return { name: `engine ${name}`, ok: true, needed: true, found: 'loads' };
  } catch (error) {
    const text = error instanceof MoteError ? error.message : String(error);
    return { name: `engine ${name}`, ok: false, needed: true, found: 'does not load', fix: text };
  }
}

async function checkAllTools(): Promise<Check[]> {
  return [
    ...(await Promise.all(BOARD_TOOLS.map((name) => checkBuildTool(name, false)))),
    ...(await Promise.all(Object.values(TOOLS).map((tool) => checkTool(tool, false)))),
  ];
}

/** Checks what all boards together can use. */
export async function checkBoards(): Promise<Check[]> {
  return [...(await checkAllTools()), ...checkPorts(true)];
}

/** Checks what one board needs. */
export async function checkBoard(board: Board): Promise<Check[]> {
  const { run, flashing } = board;
  const tools = flashing.map(({ tool }) => tool);
  // A board that runs here needs no probe, and of two ways to flash it neither is required.
  const needed = run === null && tools.length === 1;
  return [
    ...(await Promise.all(buildTools(board).map((name) => checkBuildTool(name, true)))),
    ...(tools.includes('probe-rs') ? [await checkTool(TOOLS.probeRs, needed)] : []),
    ...(tools.includes('esptool') ? [await checkTool(TOOLS.esptool, needed)] : []),
    ...(run === null ? checkPorts(tools.includes('uf2')) : []),
  ];
}

/** Where a board may be plugged in. */
function checkPorts(drives: boolean): Check[] {
  const check = (name: string, found: string[], fix: string): Check =>
    found.length > 0
      ? { name, ok: true, needed: false, found: found.join(', ') }
      : { name, ok: false, needed: false, found: 'none', fix };
  const ports = check('serial ports', serialPorts(), 'connect the board with a USB cable that carries data');
  if (!drives) return [ports];
  const mounted = uf2Drives().map(({ path, board }) => `${path} (${board})`);
  return [ports, check('UF2 drives', mounted, BOOTLOADER)];
}

/** Compiler and emulator of a board. */
function buildTools({ cpu, run }: Board): ToolName[] {
  const emulator = BOARD_TOOLS.find((name) => run?.kind === 'qemu' && name === run.program);
  return emulator === undefined ? [cpu.toolchain] : [cpu.toolchain, emulator];
}

export type ListedBoard = Board & {
  runsHere: boolean;
  /** Tools that this machine lacks to run it; none for a board that only runs on the hardware. */
  missing: string[];
};

/** All boards, with whether this machine can run them. */
export function listBoards(): Promise<ListedBoard[]> {
  return Promise.all(
    boardNames().map(async (name) => {
      const board = loadBoard(name);
      const missing = await missingTools(board);
      return { ...board, runsHere: board.run !== null && missing.length === 0, missing };
    }),
  );
}

async function missingTools(board: Board): Promise<string[]> {
  if (board.run === null) return [];
  const checks = await Promise.all(buildTools(board).map((name) => checkBuildTool(name, true)));
  return checks.filter(({ ok }) => !ok).map(({ name }) => name);
}
