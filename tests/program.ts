/** For tests that start programs: the compiled `mote` and others, with their output. */
import { spawn } from 'node:child_process';
import { expect } from 'vitest';
import { packagePath } from '../host/base/index.ts';

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Program {
  /**
   * Resolves with the first line of stdout, past or future, that satisfies `test`; rejects if the program ends without
   * one.
   */
  line(test: (line: string) => boolean): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Sends a signal to the process and all that it started, as a terminal does; only for one that `setsid` started. */
  killGroup(signal: NodeJS.Signals): void;
  ended: Promise<Outcome>;
}

export function start(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Program {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  const looking = new Set<() => void>();
  let over = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    outcome.stdout += text;
    for (const look of looking) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    outcome.stderr += text;
  });
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      outcome.code = code;
      over = true;
      for (const look of looking) look();
      resolve(outcome);
    });
  });
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    killGroup: (signal) => void process.kill(-child.pid!, signal),
    line: (test) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = outcome.stdout.split('\n').slice(0, -1).find(test);
          if (found === undefined && !over) return;
          looking.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`${command} ended without the line: ${outcome.stdout}${outcome.stderr}`));
        };
        looking.add(look);
        look();
      }),
  };
}

export const MOTE = packagePath('dist', 'host', 'cli', 'main.js');

/** Starts `mote` as compiled in this repository. */
export const startMote = (args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Program =>
  start(process.execPath, [MOTE, ...args], cwd, env);

/** Starts `mote` in a process group of its own, as a shell does on a terminal. */
export const startMoteAsGroup = (args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Program =>
  start('setsid', [process.execPath, MOTE, ...args], cwd, env);

export const mote = (args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  startMote(args, cwd, env).ended;

/** Parses lines of NDJSON. */
export const ndjson = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Expects a failure as a user should see it: its exit code, one sentence with its code, no internals. */
export async function expectFailure(
  args: string[],
  sentence: RegExp,
  { cwd, exit }: { cwd: string; exit: number },
): Promise<void> {
  const { code, stderr } = await mote(args, cwd);
  expect(stderr).toMatch(sentence);
  expect(stderr).toMatch(/^mote: [^\n]+ \[[A-Z0-9_]+\]\n$/);
  expect(code).toBe(exit);
}
