/** The C code that opens packages as a program of this machine that answers requests. */
import { spawnSync } from 'node:child_process';
import { renderReport } from '../../host/device/link/index.ts';
import { buildProgram } from '../c-program.ts';

/** Builds the program and returns its path. */
export const buildDriver = (): Promise<string> =>
  buildProgram({ folder: 'package-c', name: 'driver', sources: ['driver.c'], components: ['package'], flags: CHECKS });

const CHECKS = ['-O2', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

export type Request = [letter: string, ...parts: Uint8Array[]];

/** Returns the answers of the program, one line for each request. */
export function ask(program: string, requests: Request[]): string[] {
  const pieces: Uint8Array[] = [];
  for (const [letter, ...parts] of requests) {
    pieces.push(Buffer.from(letter));
    for (const part of parts) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(part.length);
      pieces.push(length, part);
    }
  }
  const { stdout, stderr, status } = spawnSync(program, {
    input: Buffer.concat(pieces),
    encoding: 'latin1',
    maxBuffer: 1 << 30,
  });
  if (status !== 0 || stderr !== '') throw new Error(`The driver ended with ${status}: ${stderr}`);
  return stdout.split('\n').slice(0, -1).map(rendered);
}

/** A reason as code and sentence; any other answer as it is. Bytes are latin1. */
function rendered(answer: string): string {
  if (!answer.startsWith('reason ')) return answer;
  const [, number, count, ...rest] = answer.split(' ');
  const numbers = rest.slice(0, Number(count)).map(Number);
  const text = Buffer.from(rest.slice(Number(count)).join(' '), 'latin1').toString('utf8');
  const reason = renderReport({ number: Number(number), during: 0, numbers, text });
  return `${reason.code} ${Buffer.from(reason.text).toString('latin1')}`;
}
