/** For tests: programs of asyncua (PyPI), an OPC UA stack that has nothing in common with node-opcua. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { packagePath } from '../../../../base/index.ts';

const FIND = 'import importlib.util as u, sys; sys.exit(u.find_spec("asyncua") is None)';

/** Why tests with asyncua are skipped; null if it is installed. */
export const lackingAsyncua: string | null =
  spawnSync('python3', ['-c', FIND]).status === 0 ? null : 'needs pip install asyncua==2.1.0';

export interface Peer {
  /** Sends a command and resolves with its answer. Rejects if the program ends, with what it wrote to stderr. */
  do(command: object): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Starts one of the programs here; resolves when it is ready. */
export async function startPeer(name: 'server' | 'client', args: readonly string[]): Promise<Peer> {
  const path = packagePath('host', 'site', 'bridges', 'opcua', 'testing', `${name}.py`);
  const child: ChildProcessWithoutNullStreams = spawn('python3', [path, ...args]);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<Record<string, unknown>> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`asyncua ended: ${errors}`);
    return JSON.parse(value) as Record<string, unknown>;
  };
  await answer();
  return {
    do(command) {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return answer();
    },
    async close() {
      child.stdin.end();
      child.kill('SIGKILL');
      await ended;
    },
  };
}
