/** The firmware of tests/boards/selftest.c on any board, and its output. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MoteError, packagePath } from '../../host/base/index.ts';
import {
  type Board,
  type BuildOptions,
  type BuiltImage,
  buildImage,
  findTool,
  loadBoard,
  type NodeProcess,
  type StartOptions,
  startNode,
  type ToolName,
} from '../../host/toolchain/board/index.ts';
import { missingSources } from '../sources.ts';

/** An unmapped address of each board. */
const FAULT_ADDRESS: Record<string, string> = {
  'mps2-an386': '0x20100000',
  'mps2-an505': '0x38100000',
  lm3s6965evb: '0x20010000',
  'riscv-virt': '0x90000000',
  linux: '0x10',
};

export function buildSelftest(board: Board, options: Partial<BuildOptions> = {}): Promise<BuiltImage> {
  const sources = [packagePath('tests', 'boards', 'selftest.c')];
  const defines = { FAULT_ADDRESS: FAULT_ADDRESS[board.name]!, ...options.defines };
  return buildImage(board, { ...options, image: { name: 'selftest', sources, components: [] }, defines });
}

/** The missing tool to build and run an image of these components on a board, as a sentence; null if none is missing. */
export async function missingTool({ cpu, run }: Board, components = ['images/agent']): Promise<string | null> {
  try {
    await findTool(cpu.toolchain);
    if (run?.kind === 'qemu') await findTool(run.program as ToolName);
    return (await missingSources(...components)) || null;
  } catch (error) {
    if (error instanceof MoteError) return error.message;
    throw error;
  }
}

/** A board with its self-test, and temporary folders. */
export class Bench {
  readonly board: Board;
  readonly #folders: string[] = [];
  readonly #nodes: NodeProcess[] = [];
  #image: BuiltImage | null = null;

  constructor(name: string) {
    this.board = loadBoard(name);
  }

  get faultAddress(): number {
    return Number(FAULT_ADDRESS[this.board.name]);
  }

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'mote-board-'));
    this.#folders.push(folder);
    return folder;
  }

  async start(what: string, options: Partial<StartOptions> = {}): Promise<NodeProcess> {
    this.#image ??= await buildSelftest(this.board);
    const words = [`do=${what}`, ...(options.options ?? [])];
    const node = await startNode(this.board, this.#image.elf, { folder: this.folder(), ...options, options: words });
    this.#nodes.push(node);
    return node;
  }

  /** Runs the firmware to its end. Returns its exit code and its lines, one object for each start of the processor. */
  async run(what: string, options: Partial<StartOptions> = {}) {
    const node = await this.start(what, options);
    return lifeOf(await node.ended);
  }

  async end(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill()));
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}

export type Life = Record<string, number>;

/** Returns the exit code and the lines, one object for each start. */
export function lifeOf({ code, output }: { code: number | null; output: string }) {
  const found: Life[] = [];
  for (const [, name, value] of output.matchAll(/^(\S+) (\d+)$/gm)) {
    if (name === 'boot') found.push({});
    const life = found.at(-1);
    if (life !== undefined) life[name!] = Number(value);
  }
  return { code, output, lives: found };
}
