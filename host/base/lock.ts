/**
 * A lock between processes of one machine. Node offers no lock that the system drops with its process, so a holder says who it is
 * in the name of a file beside what it locks: `PATH.<pid>.<start>.<boot>`, start being the time at which the process began and boot
 * the machine's start. Nobody else can have that name, so the file of one who is dead can be deleted by all without a race.
 *
 * Who wants the lock makes its file and then looks for those of others that live. Two who come at the same instant may each see the
 * other, and then neither gets it; that both get it can't be.
 *
 * Not seen are holders in other containers or on other machines that share the folder. Without `/proc` (not Linux) start and boot
 * are 0, and a number that another process has by now counts as alive.
 */
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const UNKNOWN = '0';
const CLAIM = /^(\d+)\.(\d+)\.([0-9a-f]+)$/;

export interface Lock {
  taken: true;
  /** Does nothing the second time. */
  release(): void;
}

export interface Refusal {
  taken: false;
  /** Who has the lock and what to do, without a full stop. */
  holder: string;
}

/** Takes the lock or says who has it, which may be this process. Throws what the file system throws. */
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

/** Makes the file `own`. It is there already when another thread of this process was quicker. */
function claim(own: string): Refusal | null {
  try {
    closeSync(openSync(own, 'wx'));
    return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return refusalBy(process.pid, own);
  }
}

/** Looks for a holder that lives and clears away the dead. With `own`, the claim that was made, gives that up when there is one. */
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
 * Clock ticks from the machine's start to the process's (proc(5), field 22 of `stat`); null when it doesn't live, and UNKNOWN for
 * one that isn't shown.
 */
function startOf(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is a name in brackets, with any characters in it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  // A zombie has ended; only its parent hasn't noticed.
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
