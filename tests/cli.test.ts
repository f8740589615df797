/** The compiled command line from a user's point of view: output, exit codes, files. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';
import { buildPackage, generateKeyPair, parsePackage, saveKeyPair } from '../host/device/package/index.ts';
import { freePort } from '../host/messaging/mqtt/testing.ts';
import { expectFailure, mote, ndjson, type Program, start, startMote } from './program.ts';
import { app, speech } from './world.ts';

const COMMANDS = [
  ...[
    'new',
    'build',
    'sim',
    'test',
    'run',
    'shim',
    'push',
    'send',
    'config',
    'flash',
    'monitor',
    'doctor',
    'demo',
    'query',
    'forward',
  ],
  'completion',
  ...[
    'dead-letters list',
    'dead-letters show',
    'dead-letters send',
    'dead-letters drop',
    'key new',
    'package inspect',
    'package verify',
    'board list',
    'board doctor',
    'site start',
    'site init',
    'site check',
    'site status',
    'site doctor',
    'site unit',
    ...['list', 'import', 'export', 'place', 'tag', 'rename', 'move'].map((name) => `site assets ${name}`),
    ...['list', 'import', 'export'].map((name) => `site context ${name}`),
    ...['list', 'show', 'accept', 'dismiss', 'restore'].map((name) => `site offers ${name}`),
    ...['list', 'remove'].map((name) => `site decoders ${name}`),
    ...['browse', 'list', 'reject', 'trust'].map((name) => `site opcua ${name}`),
    'site modbus read',
    'plant init',
    'plant run',
    'plant assets',
    'model inspect',
    'model compile',
    'model verify',
    'model bench',
  ],
];

let dir: string;
const at = (...parts: string[]) => join(dir, ...parts);
const run = (...args: string[]) => mote(args, dir);

const expectRefused = (args: string[], sentence: RegExp, cwd = dir, exit = 2) =>
  expectFailure(args, sentence, { cwd, exit });

/** Expects the answer no, as a user should see it. */
const expectNo = (args: string[], sentence: RegExp) => expectRefused(args, sentence, dir, 1);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-cli-'));
  mkdirSync(at('keys'));
  const made = await Promise.all([
    run('key', 'new', 'keys/release.pem'),
    run('key', 'new', 'keys/other.pem'),
    run('new', 'my-sensor'),
  ]);
  expect(made.map(({ code }) => code)).toEqual([0, 0, 0]);
  const built = await Promise.all([
    run('build', app('keyword'), '--out', 'keyword', '--key', 'keys/release.pem', '--json'),
    run('build', app('vibration'), '--out', 'vibration', '--key', 'keys/release.pem', '--json'),
  ]);
  expect(built.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ]);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('mote', () => {
  it('has help with examples for every command, and lists no other', async () => {
    const listed: string[] = [];
    const read = async (...command: string[]): Promise<void> => {
      const { code, stdout, stderr } = await run(...command, '--help');
      expect([command, code, stderr]).toEqual([command, 0, '']);
      expect(stdout).toMatch(/^Usage: mote /);
      if (/^Usage: .*\[command\]$/m.test(stdout)) {
        const names = [...stdout.matchAll(/^ {2}([a-z][a-z-]*)( |$)/gm)].map((match) => match[1]!);
        await Promise.all(names.filter((name) => name !== 'help').map((name) => read(...command, name)));
        return;
      }
      listed.push(command.join(' '));
      expect(stdout).toMatch(/\nExamples:\n {2}\$ (mote|mosquitto_sub|source <\(mote) /);
    };
    await read();
    expect(listed.sort()).toEqual([...COMMANDS].sort());
  });

  it.each([
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['key', 'nw'], /unknown command 'nw'/],
    [['sim', '--frob'], /unknown option '--frob'/],
    [['new'], /missing required argument 'folder'/],
    [['new', 'a', 'b'], /too many arguments/],
  ])('%j: ends with code 2 and a sentence, as text and as JSON', async (args, sentence) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n\s+at /);
    const json = await run(...args, '--json');
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout).error).toMatchObject({ code: 'USAGE', message: expect.stringMatching(sentence) });
  });

  it.each([
    [['sim', app('keyword'), '--engine', 'v9'], /--engine is one of wasm3, v8; got "v9"/],
    [['sim', app('keyword'), '--seconds', 'soon'], /--seconds takes an integer/],
    [['build', app('vibration'), '--sequence', '0'], /--sequence takes an integer from 1/],
    [['build', app('vibration'), '--set', 'alarm'], /--set takes name=value/],
    [['build', app('vibration'), '--set', 'alarm=1.5'], /--set alarm takes an integer/],
    [['build', app('vibration'), '--set', 'alrm=1'], /no setting "alrm"; it has alarm, clear/],
    [['build', app('vibration'), '--app-version', 'new'], /semantic version/],
    [['build', 'nowhere'], /nowhere doesn't exist/],
    [['build', app('vibration'), '--key', 'nokey.pem'], /nokey\.pem can't be read/],
    [['shim', '--listen', 'here'], /--listen takes HOST:PORT/],
    [['shim', '--qos', '2'], /--qos takes an integer from 0 to 1/],
    [['shim', '--broker', 'http://x'], /is not a broker address/],
    [['push', 'vibration/vibration.mote', '--node', 'a/b'], /a\/b/],
    [['push', 'vibration/vibration.mote', '--timeout', '0'], /--timeout takes an integer/],
  ])('%j: reports the wrong value', (args, sentence) => expectRefused(args, sentence));

  it('prints no colours without a terminal, whatever NO_COLOR contains', async () => {
    for (const env of [{}, { NO_COLOR: '1' }]) {
      const { stdout, stderr } = await mote(
        ['sim', 'vibration/vibration.mote', '-i', 'constant:rate=1000,value=3,seconds=2'],
        dir,
        env,
      );
      expect(stdout).toContain('vibration.rms');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours are control characters
      expect(stdout + stderr).not.toMatch(/\x1b/);
    }
  });

  it('ends without an error when its reader ends', async () => {
    const input = 'accelerometer=noise:rate=1000,amplitude=900';
    const args = ['sim', 'vibration/vibration.mote', '-i', input, '--seconds', '20000', '--telemetry'];
    const main = packagePath('dist', 'host', 'cli', 'main.js');
    const { stdout, stderr } = await start('sh', ['-c', '"$@" | head -n 1', 'sh', process.execPath, main, ...args], dir)
      .ended;
    expect(stdout).toMatch(/^[^\n]+\n$/);
    expect(stderr).toBe('');
  });

  it('doctor lists the installed tools', async () => {
    const { code, stdout } = await run('doctor', '--json');
    const { ok, checks } = JSON.parse(stdout);
    expect([code, ok]).toEqual([0, true]);
    expect(checks.map(({ name }: { name: string }) => name)).toEqual([
      'node',
      'cc',
      'engine wasm3',
      'engine v8',
      'assemblyscript',
      'mosquitto',
      ...['arm-none-eabi-gcc', 'riscv64-unknown-elf-gcc', 'qemu-system-arm', 'qemu-system-riscv32'],
      ...['probe-rs', 'esptool', 'stty'],
    ]);
  });
});

describe('mote new', () => {
  it('creates a project that builds and runs with its own scripts', async () => {
    const { scripts, devDependencies } = JSON.parse(readFileSync(at('my-sensor', 'package.json'), 'utf8'));
    expect(Object.keys(devDependencies)).toEqual(['moteware']);
    const source = devDependencies.moteware.replace(/^file:/, '');
    expect(resolve(realpathSync(at('my-sensor')), source)).toBe(packagePath());
    for (const script of ['build', 'sim']) {
      // The library is found in this package.
      mkdirSync(at('my-sensor', 'node_modules'), { recursive: true });
      const { code, stderr } = await mote(scripts[script].replace(/^mote /, '').split(' '), at('my-sensor'));
      expect([script, code, stderr]).toEqual([script, 0, '']);
    }
    expect(existsSync(at('my-sensor', 'build', 'my-sensor.wasm'))).toBe(true);
  });

  it('lists as JSON what it created', async () => {
    const { code, stdout } = await run('new', 'door-bell', '--template', 'keyword', '--json');
    expect(code).toBe(0);
    const { folder, files } = JSON.parse(stdout);
    expect(folder).toBe(at('door-bell'));
    for (const file of files) expect(existsSync(join(folder, file))).toBe(true);
  });

  it('rejects a folder that is not empty, and a bad name', async () => {
    mkdirSync(at('full'));
    writeFileSync(at('full', 'precious.txt'), 'mine');
    await expectRefused(['new', 'full'], /full exists and isn't empty/);
    expect(readdirSync(at('full'))).toEqual(['precious.txt']);
    writeFileSync(at('file'), '');
    await expectRefused(['new', 'file'], /exists/);
    const names = ['Upper', '1st', 'a'.repeat(64)];
    await Promise.all(names.map((name) => expectRefused(['new', name], /can't be the name of a module/)));
    await expectRefused(['new', 'ok', '--template', 'nope'], /--template is one of vibration, keyword/);
    expect(existsSync(at('ok'))).toBe(false);
  });
});

describe('mote sim', () => {
  const keyword = () => at('keyword', 'keyword.mote');

  it.each(['wasm3', 'v8'])("has the reference's features and scores of the recordings on %s", async (engine) => {
    for (const name of ['yes', 'stream']) {
      const taps = at(`taps-${engine}-${name}`);
      const { code, stdout, stderr } = await run(
        ...[
          'sim',
          keyword(),
          '-i',
          `microphone=${speech(`${name}.wav`)}`,
          '--engine',
          engine,
          '--taps',
          taps,
          '--json',
        ],
      );
      expect([code, stderr]).toEqual([0, '']);
      const lines = ndjson(stdout);
      const words = lines.filter(({ type }) => type === 'event').map(({ body }) => (body as { word: string }).word);
      expect(words).toEqual(name === 'yes' ? [] : ['yes', 'no', 'no', 'yes']);
      expect(lines.at(-1)).toMatchObject({ type: 'end', engine, faults: 0, sensors: { microphone: { lost: 0 } } });
      for (const tap of ['features', 'scores']) {
        const found = readFileSync(join(taps, `${tap}.bin`));
        expect(found.equals(readFileSync(speech(`${name}.${tap}.bin`)))).toBe(true);
      }
    }
  });

  it('reports what is wrong with its input', async () => {
    const mine = at('inputs');
    mkdirSync(mine);
    writeFileSync(join(mine, 'short.wav'), readFileSync(speech('yes.wav')).subarray(0, 5000));
    writeFileSync(join(mine, 'a.csv'), '1\n2\n');
    const cases: [string[], RegExp][] = [
      [[], /opens microphone: give it samples/],
      [['-i', 'missing.wav'], /missing\.wav can't be read/],
      [['-i', 'short.wav'], /was truncated/],
      [['-i', 'a.csv'], /needs rate=NUMBER/],
      [['-i', 'a.csv:rate=x'], /rate=x isn't a number/],
      [['-i', 'a.csv:rate=16000,speed=2'], /unknown parameter "speed"/],
      [['-i', 'a.txt'], /a \.wav or \.csv file/],
      [['-i', 'ear=noise:rate=16000,amplitude=9,seconds=1'], /opens microphone/],
      [['-i', 'noise:rate=16000,amplitude=9', '-i', 'noise:rate=1,amplitude=1'], /opens no further sensor/],
      [['-i', 'noise:rate=16000,amplitude=9'], /never ends: limit the run with --seconds/],
    ];
    await Promise.all(cases.map(([args, sentence]) => expectRefused(['sim', keyword(), ...args], sentence, mine)));
    const { code, stdout } = await run(
      'sim',
      keyword(),
      '-i',
      'noise:rate=16000,amplitude=9',
      '--seconds',
      '3',
      '--json',
    );
    expect([code, ndjson(stdout).at(-1)?.t]).toEqual([0, 3]);
  });

  it('reports a wrong option before it opens a page', async () => {
    for (const wrong of [
      ['--seed', 'x'],
      ['--at', '5s'],
      ['--engine', 'none'],
    ]) {
      const { code, stdout } = await run('sim', app('faulty'), '--open', '--no-browser', ...wrong);
      expect([code, stdout]).toEqual([2, '']);
    }
    expect(await run('sim', 'nowhere', '--open', '--no-browser')).toMatchObject({ code: 2, stdout: '' });
  });

  it('ends with code 1 when the module faulted', async () => {
    const { code, stdout } = await run('sim', app('faulty'), '-i', speech('stream.wav'), '--json');
    expect(code).toBe(1);
    expect(ndjson(stdout).find(({ state }) => state === 'fault')).toMatchObject({ reason: { code: 'TRAP_FUEL' } });
  });
});

describe('mote key new', () => {
  it('keeps the private key private and overwrites nothing', async () => {
    expect(statSync(at('keys', 'release.pem')).mode & 0o777).toBe(0o600);
    const before = readFileSync(at('keys', 'release.pem'), 'utf8');
    await expectRefused(['key', 'new', 'keys/release.pem'], /never overwritten/);
    rmSync(at('keys', 'other.pem.pub'));
    const other = readFileSync(at('keys', 'other.pem'), 'utf8');
    await expectRefused(['key', 'new', 'keys/other.pem'], /never overwritten/);
    expect(readFileSync(at('keys', 'release.pem'), 'utf8')).toBe(before);
    expect(readFileSync(at('keys', 'other.pem'), 'utf8')).toBe(other);
    await expectRefused(['key', 'new', 'nowhere/a.pem'], /can't be written/);
    const { stdout } = await run('key', 'new', 'keys/third.pem', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      privateKey: at('keys', 'third.pem'),
      keyId: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });
});

describe('mote package', () => {
  it('verifies what it built, and shows its contents', async () => {
    const verified = await run(
      'package',
      'verify',
      'vibration/vibration.mote',
      '--key',
      'keys/release.pem.pub',
      '--json',
    );
    expect(verified.code).toBe(0);
    const inspected = await run('package', 'inspect', 'vibration/vibration.mote', '--json');
    expect({ ok: true, ...JSON.parse(inspected.stdout) }).toEqual(JSON.parse(verified.stdout));
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      sequence: 1,
      metadata: { name: 'vibration', sensors: ['accelerometer'] },
    });
    const { stdout } = await run('package', 'inspect', 'vibration/vibration.mote');
    expect(stdout).toMatch(/name +vibration 1\.0\.0/);
  });

  it('verifies that a package is for a product class, a node and a group', async () => {
    const { metadata, ...pkg } = parsePackage(readFileSync(at('vibration', 'vibration.mote')));
    const target = { product: 'pump', node: 'pump-7', group: '' };
    const pair = generateKeyPair();
    const { privateKey } = pair;
    writeFileSync(at('target.mote'), buildPackage({ ...pkg, metadata: { ...metadata, ...target }, privateKey }));
    saveKeyPair(at('pair.pem'), pair);
    const verify = (...options: string[]) => ['package', 'verify', 'target.mote', '--key', 'pair.pem.pub', ...options];
    for (const good of [[], ['--product', 'pump'], ['--product', 'pump', '--node', 'pump-7', '--group', 'any']])
      expect(await run(...verify(...good))).toMatchObject({ code: 0, stderr: '' });
    await expectNo(verify('--product', 'fan'), /for product 'pump'.*\[PKG_TARGET\]/);
    await expectNo(verify('--product', ''), /for product 'pump'/);
    await expectNo(verify('--product', 'pump', '--node', 'pump-8'), /for node 'pump-7'/);
  });

  it('rejects a changed byte, and another key', async () => {
    await run('key', 'new', 'keys/stranger.pem');
    await expectNo(['package', 'verify', 'vibration/vibration.mote', '--key', 'keys/stranger.pem.pub'], /key/);
    await expectRefused(['package', 'verify', 'vibration/vibration.mote', '--key', 'nokey.pub'], /can't be read/);
    await expectRefused(['package', 'verify', 'nothing.mote', '--key', 'keys/stranger.pem.pub'], /can't be read/);
    const good = readFileSync(at('vibration', 'vibration.mote'));
    for (let i = 0; i < 5; i++) {
      const bad = Buffer.from(good);
      bad[Math.floor(((i + 0.5) / 5) * bad.length)]! ^= 1;
      writeFileSync(at(`bad${i}.mote`), bad);
    }
    const verify = (i: number) => ['package', 'verify', `bad${i}.mote`, '--key', 'keys/release.pem.pub'];
    await Promise.all([0, 1, 2, 3, 4].map((i) => expectNo(verify(i), /./)));
    writeFileSync(at('bad.mote'), good.subarray(0, -1));
    await expectRefused(['package', 'inspect', 'bad.mote'], /./);
  });
});

describe('a gateway and its node', () => {
  const running: Program[] = [];
  afterEach(async () => {
    for (const program of running) program.kill('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
  });

  it('start, connect, accept a push, report a missing node, and end at Ctrl-C', async () => {
    const [port, brokerPort] = [await freePort(), await freePort()];
    const broker = `mqtt://127.0.0.1:${brokerPort}`;
    const key = ['--key', 'keys/release.pem'];
    const shim = startMote(
      ['shim', '--listen', `127.0.0.1:${port}`, '--broker', `embedded:${brokerPort}`, '--json'],
      dir,
    );
    running.push(shim);
    await shim.line((line) => JSON.parse(line).type === 'listening');
    const taken = await run('shim', '--listen', `127.0.0.1:${port}`, '--broker', 'embedded:0', '--data', 'second');
    expect([taken.code, taken.stderr]).toEqual([2, expect.stringMatching(/choose another port/)]);
    const noise = 'noise:rate=1000,amplitude=9';
    const link = ['--connect', `127.0.0.1:${port}`, '--node', 'hall', '--state', 'hall.flash'];
    const node = startMote(['sim', 'vibration/vibration.mote', '-i', noise, ...link, ...key, '--json'], dir);
    running.push(node);
    await shim.line((line) => JSON.parse(line).state === 'online');
    await run('build', app('vibration'), '--out', 'next', ...key, '--sequence', '2', '--app-version', '1.1.0');
    const push = (...args: string[]) => run('push', 'next/vibration.mote', '--broker', broker, ...args);
    const good = await push('--node', 'hall', '--json');
    expect(good.stderr).toBe('');
    expect(ndjson(good.stdout).at(-1)).toMatchObject({ type: 'result', state: 'confirmed' });
    expect(good.code).toBe(0);
    const nobody = await push('--node', 'nobody', '--timeout', '1');
    expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringMatching(/nobody has never been seen/)]);
    const nowhere = await push('--broker', 'mqtt://127.0.0.1:9');
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringMatching(/can't be reached/)]);
    node.kill('SIGINT');
    const { code, stdout, stderr } = await node.ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(ndjson(stdout).at(-1)).toMatchObject({ type: 'end' });
    shim.kill('SIGINT');
    expect(await shim.ended).toMatchObject({ code: 0, stderr: '' });
  });
});
