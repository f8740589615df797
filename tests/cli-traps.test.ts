/** The place of each kind of trap, from the debug information beside the module: simulated and on boards. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../host/messaging/mqtt/testing.ts';
import { mote, ndjson, type Program, startMote } from './program.ts';
import { missingSources } from './sources.ts';

const APP = `import { samples16, subscribe } from 'moteware/assembly/mote';
import * as config from './generated/config';

const few = samples16(4);
const callee = memory.data(8);
let sink: i32 = 0;
let kind: i32 = -1;

export function init(): void {
  subscribe('unreachable');
  subscribe('divide');
  subscribe('memory');
  subscribe('loop');
  subscribe('stack');
  subscribe('abort');
  subscribe('bounds');
  subscribe('indirect');
}

export function onMessage(id: i32, _length: i32): void {
  if (id >= 0) kind = id;
}

function divide(a: i32, b: i32): i32 {
  return a / b;
}

function recurse(n: i32): i32 {
  sink += n;
  return recurse(n + 1) + recurse(n + 2) + sink;
}

export function step(now: i64): i64 {
  if (config.kind() >= 0) kind = config.kind();
  if (kind == 0) unreachable();
  if (kind == 1) sink = divide(1, sink);
  if (kind == 2) store<i32>(0x7fffffff, 1);
  if (kind == 3) while (true) sink++;
  if (kind == 4) sink = recurse(1);
  if (kind == 5) assert(sink > 1000000, 'sink is small');
  if (kind == 6) sink = few[sink + 4];
  store<i32>(callee, 9999);
  if (kind == 7) sink = changetype<(x: i32) => i32>(callee)(1);
  return now + 100_000;
}
`;
const lineOf = (text: string) => APP.split('\n').findIndex((line) => line.includes(text)) + 1;

/** The command, the trap's code, and a text of the line that it names; who called that function. */
const KINDS: [command: string, code: RegExp, name: string, line: string, callers: RegExp][] = [
  ['unreachable', /^TRAP_UNREACHABLE$/, 'step', 'kind == 0', /^step/],
  ['divide', /^TRAP_DIVIDE$/, 'step', 'return a / b', /^step/],
  ['memory', /^TRAP_MEMORY$/, 'step', 'kind == 2', /^step/],
  // On a busy machine an interpreter reaches the deadline first.
  ['loop', /^TRAP_(FUEL|DEADLINE)$/, 'step', 'kind == 3', /^step/],
  ['stack', /^TRAP_STACK$/, 'recurse', '', /^recurse/],
  ['abort', /^TRAP_UNREACHABLE$/, 'step', 'kind == 5', /^step/],
  ['bounds', /^TRAP_UNREACHABLE$/, 'step', 'kind == 6', /^step/],
  ['indirect', /^TRAP_INDIRECT$/, 'step', 'kind == 7', /^step/],
];

let dir: string;
const missing = await missingSources('images/agent');
const has = (command: string) => spawnSync(command, ['--version']).status === 0;
const qemu = !missing && has('arm-none-eabi-gcc') && has('qemu-system-arm');
const debugFolder = () => join(dir, 'traps', '.mote', 'debug');

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-traps-'));
  mkdirSync(join(dir, 'traps'));
  writeFileSync(join(dir, 'traps', 'app.ts'), APP);
  writeFileSync(
    join(dir, 'traps', 'mote.json'),
    JSON.stringify({ name: 'traps', version: '1.0.0', config: { kind: -1 } }),
  );
  expect((await mote(['build', 'traps'], dir)).code).toBe(0);
}, 300_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface TrapLine {
  type: string;
  code: string;
  place: { function: string; file: string; line: number; column: number } | null;
  stack: { function: string }[];
  missing?: string;
}
const trapsOf = (stdout: string) => ndjson(stdout).filter(({ type }) => type === 'trap') as unknown as TrapLine[];

describe.each(['wasm3', 'v8'])('mote sim on %s', (engine) => {
  it('names function and line of each kind of trap, and the callers', async () => {
    const sends = KINDS.flatMap(([command], i) => ['--at', `${i * 3 + 1}s`, '--send', command]);
    const limit = ['--seconds', `${KINDS.length * 3}`];
    const { code, stdout } = await mote(['sim', 'traps', '-e', engine, '--json', ...limit, ...sends], dir);
    expect(code).toBe(1);
    const traps = trapsOf(stdout);
    expect(traps).toHaveLength(KINDS.length);
    for (const [i, [, code, name, line, callers]] of KINDS.entries()) {
      const { place, stack, ...trap } = traps[i]!;
      expect(trap.code).toMatch(code);
      expect(place, trap.code).toMatchObject({ function: name, file: 'app.ts', column: expect.any(Number) });
      if (line !== '') expect(place!.line).toBe(lineOf(line));
      const inner = stack.findIndex((frame) => frame.function === name);
      expect(stack[inner + 1]!.function).toMatch(callers);
    }
  }, 120_000);
});

it('shows the line with a mark, unless the source has changed', async () => {
  const once = ['sim', 'traps', '--seconds', '2', '--at', '1s', '--send', 'divide'];
  const { stdout } = await mote(once, dir);
  expect(stdout).toMatch(
    /in step \(app\.ts:25:10\)\n +24 \| .*\n +25 \| {3}return a \/ b;\n +\| +\^\n +called from step/,
  );
  const digest = readdirSync(debugFolder())[0]!.slice(0, 64);
  const info = JSON.parse(readFileSync(join(debugFolder(), `${digest}.json`), 'utf8')) as { sources: unknown[][] };
  const other = mkdtempSync(join(dir, 'debug-'));
  const changed = { ...info, sources: info.sources.map(([name]) => [name, '0'.repeat(64)]) };
  writeFileSync(join(other, `${digest}.json`), JSON.stringify(changed));
  const again = await mote([...once, '--debug', other], dir);
  expect(again.stdout).toMatch(/in step \(app\.ts:25:10\)\n {2}called from step/);
}, 120_000);

it('reports how to get the place if there is no debug information for the digest, or a damaged one', async () => {
  const once = ['sim', 'traps', '--json', '--seconds', '2', '--at', '1s', '--send', 'divide'];
  const digest = readdirSync(debugFolder())[0]!;
  const empty = mkdtempSync(join(dir, 'debug-'));
  for (const content of [
    null,
    '{"format":1',
    readFileSync(join(debugFolder(), digest), 'utf8').replace(/"module":"../, '"module":"zz'),
  ]) {
    if (content !== null) writeFileSync(join(empty, digest), content);
    const [trap] = trapsOf((await mote([...once, '--debug', empty], dir)).stdout);
    expect(trap).toMatchObject({ code: 'TRAP_DIVIDE', place: null, missing: expect.stringMatching(/--debug/) });
  }
  const { code } = await mote([...once, '--debug', join(dir, 'nowhere')], dir);
  expect([code, existsSync(join(dir, 'nowhere'))]).toEqual([2, false]);
}, 120_000);

describe.each([
  ['linux', missing],
  ['mps2-an386', qemu ? null : 'needs an Arm compiler and QEMU (apt-get install gcc-arm-none-eabi qemu-system-arm)'],
])('mote run --board %s', (board, lacking) => {
  it.skipIf(lacking)(
    `names function and line of a trap${lacking ? `, skipped: ${lacking}` : ''}`,
    async () => {
      for (const kind of board === 'linux' ? [0, 1, 2, 4, 7] : [1]) {
        const args = ['run', '--board', board, 'traps', '--set', `kind=${kind}`, '--seconds', '3', '--speed', 'max'];
        const { code, stdout } = await mote([...args, '--json'], dir);
        expect(code, stdout).toBe(1);
        const [, trapCode, name, line] = KINDS[kind]!;
        const [trap] = trapsOf(stdout);
        expect(trap, stdout).toMatchObject({ place: { function: name, file: 'app.ts' } });
        expect(trap!.code).toMatch(trapCode);
        if (line !== '') expect(trap!.place!.line).toBe(lineOf(line));
      }
    },
    600_000,
  );
});

it('mote push and mote monitor name function and line of a trap in the field', async () => {
  const manifest = (more: object) =>
    writeFileSync(join(dir, 'traps', 'mote.json'), JSON.stringify({ name: 'traps', trialMs: 500, ...more }));
  const running: Program[] = [];
  const begin = (...args: string[]) => {
    const program = startMote([...args, '--json'], dir);
    running.push(program);
    return program;
  };
  try {
    expect((await mote(['key', 'new'], dir)).code).toBe(0);
    manifest({ version: '1.0.0', sequence: 1, config: { kind: -1 } });
    const [port, brokerPort] = [await freePort(), await freePort()];
    const broker = ['--broker', `mqtt://127.0.0.1:${brokerPort}`];
    const shim = begin('shim', '--listen', `127.0.0.1:${port}`, '--broker', `embedded:${brokerPort}`);
    await shim.line((line) => JSON.parse(line).type === 'listening');
    begin('sim', 'traps', '--connect', `127.0.0.1:${port}`, '--node', 'hall', '--key', 'release.pem');
    await shim.line((line) => JSON.parse(line).state === 'online');
    const monitor = begin('monitor', 'hall', ...broker, '--debug', debugFolder());
    await monitor.line((line) => JSON.parse(line).type === 'state');
    manifest({ version: '1.1.0', sequence: 2, config: { kind: 1 } });
    const pushed = await mote(['push', 'traps', '--node', 'hall', ...broker, '--json'], dir);
    expect(pushed.code, pushed.stdout + pushed.stderr).toBe(1);
    const seen = await monitor.line((line) => JSON.parse(line).type === 'trap');
    for (const trap of [trapsOf(pushed.stdout)[0], JSON.parse(seen)])
      expect(trap, pushed.stdout).toMatchObject({
        code: 'TRAP_DIVIDE',
        place: { function: 'step', file: 'app.ts', line: lineOf('return a / b') },
      });
  } finally {
    for (const program of running) program.kill('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
  }
}, 600_000);
