/** Starts a board's firmware on this machine: in QEMU, or as a process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { MoteError, tryLock } from '../../base/index.ts';
import { type Board, requireRun } from './board-json.ts';
import { findTool, TOOL_NAMES, type ToolName } from './toolchain.ts';

export interface StartOptions {
  /** The node's work folder: its flash file and simulator channel are there. One node at a time. */
  folder: string;
  /** Words `key=value` of boards/platform/emulated/options.h, without `dir` and `link`. */
  options?: readonly string[];
  /** Port on 127.0.0.1 to which the link connects, and reconnects. */
  linkPort?: number;
  /** One instruction takes one nanosecond of the processor's time, so that a run repeats exactly. Idle time passes at once. QEMU only. */
  icount?: boolean;
  /** More options for QEMU, for tests. */
  qemuArgs?: readonly string[];
}

/** Exit codes of boards/platform/emulated/host.h. */
export const NODE_EXIT = { done: 0, options: 2, broken: 3, cut: 4 } as const;

export interface NodeProcess {
  readonly pid: number;
  /** Its output so far, mostly errors. */
  output(): string;
  /** Resolves when it has ended; `code` is null if a signal ended it. */
  readonly ended: Promise<{ code: number | null; output: string }>;
  /** Kills it, as a loss of power would, and waits for its end. */
  kill(): Promise<void>;
}

/** Throws `BOARD_RUN` for a board that runs on the hardware only, `BOARD_BUSY` while its folder is in use, `BOARD_TOOL`. */
export async function startNode(board: Board, elf: string, options: StartOptions): Promise<NodeProcess> {
  const folder = realpathSync(options.folder);
  const { command, args } = await commandOf(board, elf, options);
  // The same lock as FileFlash's, so that neither opens a file of the other.
  const lock = tryLock(join(folder, 'flash.bin.lock'));
  if (!lock.taken) throw new MoteError('BOARD_BUSY', `The node's folder ${folder} is in use: ${lock.holder}.`);
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const end = () => void child.kill('SIGKILL');
  // A process that exits or crashes does not wait for the node.
  process.once('exit', end);
  const ended = endOf(child).finally(() => {
    process.off('exit', end);
    lock.release();
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(new MoteError('BOARD_RUN', `${command} doesn't start: ${cause.message}`, { cause })),
    );
  });
  return {
    pid: child.pid!,
    output: () => output,
    ended: ended.then((code) => ({ code, output })),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('close', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
}

async function commandOf(
  board: Board,
  elf: string,
  options: StartOptions,
): Promise<{ command: string; args: string[] }> {
  const { linkPort, icount = false, qemuArgs = [] } = options;
  const words = options.options ?? [];
  const bad = words.find((word) => !/^[a-z]+=[^ ]+$/.test(word));
  if (bad !== undefined)
    throw new MoteError('BOARD_OPTION', `'${bad}' isn't an option of a node; options are key=value.`);
  const run = requireRun(board);
  if (run.kind === 'process') {
    if (icount || qemuArgs.length > 0) throw new MoteError('BOARD_OPTION', `${board.name} is not run by QEMU.`);
    const link = linkPort === undefined ? [] : [`link=127.0.0.1:${linkPort}`];
    return { command: elf, args: [...words, ...link] };
  }
  if (!TOOL_NAMES.includes(run.program as ToolName))
    throw new MoteError('BOARD_RUN', `${board.name} requires ${run.program}, which moteware doesn't support.`);
  const { command } = await findTool(run.program as ToolName);
  // The first word is the program's name. A comma would end QEMU's option.
  const semihosting = ['node', ...words].map((word) => `arg=${word.replaceAll(',', ',,')}`);
  const serial =
    linkPort === undefined
      ? ['-serial', 'null']
      : ['-chardev', `socket,id=link,host=127.0.0.1,port=${linkPort},reconnect=1`, '-serial', 'chardev:link'];
  const args = [
    ...run.args,
    ...['-display', 'none', '-monitor', 'none', '-kernel', elf],
    ...['-semihosting-config', ['enable=on', 'target=native', ...semihosting].join(',')],
    ...serial,
    ...(icount ? ['-icount', 'shift=0,sleep=off'] : []),
    ...qemuArgs,
  ];
  return { command, args };
}
