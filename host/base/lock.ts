/**
 * A lock between processes of one machine. Node offers no lock that the system releases when its process ends. A holder
 * therefore creates a file beside the locked path and puts its identity into the name: `PATH.<pid>.<start>.<boot>`,
 * with the start time of the process and the id of the machine's boot. No other process can have that name, so everyone
 * may delete the file of a process that has ended, without a race.
 *
 * A process that wants the lock creates its file and then looks for files of other live processes. Two processes that
 * try at the same instant may each see the other; then neither gets the lock. Both can't get it.
 *
 * Limits: holders in other containers or on other machines that share the folder aren't seen. Without `/proc` (not
 * Linux) start and boot are 0, and a process id that was reused counts as alive.
 */
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const UNKNOWN = '0';
const CLAIM = /^(\d+)\.(\d+)\.([0-9a-f]+)$/;

export interface Lock {
  taken: true;
  /** A second call does nothing. */
  release(): void;
}

export interface Refusal {
  taken: false;
  /** Which process has the lock and what to do, without a full stop. */
  holder: string;
}

/** Takes the lock, or returns who has it, which may be this process. Throws the errors of the file system. */
export function tryLock(path: string): Lock | Refusal {
  const prefix = `${resolve(path)}.`;
  const own = `${prefix}${process.pid}.${startOf(process.pid) ?? UNKNOWN}.${bootId()}`;
  const refusal = look(prefix) ?? claim(own) ?? look(prefix, own);
  if (refusal !== null) return refusal;
  let held = true;
  return {
    taken: true,
    release() {
      if (held) rmSync(own, { force: true });
      held = false;
    },
  };
}

/** Creates the file `own`. It exists already if another thread of this process was faster. */
function claim(own: string): Refusal | null {
  try {
    closeSync(openSync(own, 'wx'));
    return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return refusalBy(process.pid, own);
  }
}

/**
 * Looks for a live holder and deletes the files of ended processes. If it finds one and `own` is given, it deletes
 * `own`, the claim of this process.
 */
function look(prefix: string, own?: string): Refusal | null {
  const folder = dirname(prefix);
  for (const file of readdirSync(folder)) {
    const path = join(folder, file);
    const claimed = path.startsWith(prefix) ? CLAIM.exec(path.slice(prefix.length)) : null;
    if (claimed === null || path === own) continue;
    const [, pid, start, boot] = claimed as unknown as [string, string, string, string];
    if (lives(Number(pid), start, boot)) {
      if (own !== undefined) rmSync(own, { force: true });
      return refusalBy(Number(pid), path);
    }
    rmSync(path, { force: true });
  }
  return null;
}

function refusalBy(pid: number, path: string): Refusal {
  const holder =
    pid === process.pid
      ? `this process (${pid}) has it already; close it first`
      : `process ${pid} has it; end that one first, or delete ${path} if it is another program`;
  return { taken: false, holder };
}

function lives(pid: number, start: string, boot: string): boolean {
  if (boot !== bootId()) return false;
  const now = startOf(pid);
  return now === start || now === UNKNOWN;
}

/**
 * Start time of the process in clock ticks since the machine's boot (proc(5), field 22 of `stat`). Null if it has
 * ended, UNKNOWN if the system doesn't show it.
 */
function startOf(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is a name in brackets, which may contain any character.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  // A zombie has ended; only its parent hasn't collected it.
  if (stat !== null) return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? UNKNOWN);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null;
  }
  return UNKNOWN;
}

function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.slice(0, 8) ?? UNKNOWN;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
