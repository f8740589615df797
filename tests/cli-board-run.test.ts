/**
 * `mote run` and the demo on boards: the same firmware as a process and in QEMU, with everything that works with the
 * simulator.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';
import { buildPackage, generateKeyPair, parsePackage, saveKeyPair } from '../host/device/package/index.ts';
import { MOTE, mote, ndjson, type Program, startMote, startMoteAsGroup, start as startProgram } from './program.ts';
import { missingSources } from './sources.ts';
import { app, keys, release, speech } from './world.ts';

const has = (command: string) => spawnSync(command, ['--version']).status === 0;
const missing = await missingSources('images/agent');
const NEEDS_SOURCES = missing && `, skipped: ${missing}`;
const hasArm = has('arm-none-eabi-gcc') && has('qemu-system-arm');
const available = hasArm && !missing;
const NEEDS_QEMU = hasArm
  ? NEEDS_SOURCES
  : ', skipped: needs an Arm compiler and QEMU (apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm)';

let dir: string;
/** Parent of the commands' temporary folders, so that leftovers are detected. */
let temporary: string;
const at = (...parts: string[]) => join(dir, ...parts);
const run = (...args: string[]) => mote(args, dir, { TMPDIR: temporary });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-run-'));
  temporary = mkdtempSync(join(tmpdir(), 'moteware-run-tmp-'));
  saveKeyPair(at('r.pem'), keys);
  const packages = {
    'keyword.mote': release('keyword', { config: { threshold: 200 } }),
    'next.mote': release('keyword', { version: '1.1.0', sequence: 2, config: { threshold: 245 } }),
    'faulty.mote': release('faulty', { version: '1.2.0', sequence: 3 }),
  };
  for (const [name, bytes] of Object.entries(packages)) writeFileSync(at(name), await bytes);
  if (missing) return;
  // The first run compiles the firmware.
  expect(
    await run('run', '--board', 'linux', 'keyword.mote', '-k', 'r.pem', '-i', speech('yes.wav'), '--speed', 'max'),
  ).toMatchObject({
    code: 0,
    stderr: '',
  });
}, 300_000);
afterAll(() => {
  for (const folder of [dir, temporary]) rmSync(folder, { recursive: true, force: true });
});

const running: Program[] = [];
afterEach(async () => {
  for (const program of running) program.kill('SIGKILL');
  await Promise.all(running.splice(0).map(({ ended }) => ended));
});
function start(...args: string[]): Program {
  const program = startMote(args, dir, { TMPDIR: temporary });
  running.push(program);
  return program;
}
const lineWith = (text: string) => (line: string) => line.includes(text);

/** Runs micro_speech on each second of `features` unchanged, and sends its output. */
const SCORES = `import { event, samples16, Sensor } from 'moteware/assembly/mote';
import * as model from './generated/micro_speech';

const pairs = samples16(980);
let features!: Sensor;
let runs = 0;

export function init(): void {
  features = Sensor.open('features');
}

export function step(now: i64): i64 {
  if (features.available >= 980) {
    features.read(pairs);
    memory.copy(model.input(), pairs.data, model.INPUT_BYTES);
    model.invoke();
    runs++;
    const at = model.output();
    event('scores').int('a', load<i8>(at)).int('b', load<i8>(at, 1)).int('c', load<i8>(at, 2)).int('d', load<i8>(at, 3)).send();
  }
  return now + 100_000;
}

export function health(): i32 {
  return runs > 0 ? 1 : 0;
}
`;

const BOARDS: [string, boolean][] = [
  ['linux', !missing],
  ['mps2-an386', available],
];

for (const [board, possible] of BOARDS) {
  describe.skipIf(!possible)(`mote run --board ${board}${possible ? '' : NEEDS_QEMU}`, () => {
    it("has the results of the simulator on the recording, with the reference's features and scores", {
      timeout: 180_000,
    }, async () => {
      for (const accel of board === 'linux' ? ['on', 'off'] : ['on']) {
        const taps = at(`taps-${board}-${accel}`);
        const args = ['-k', 'r.pem', '-i', speech('stream.wav'), '--speed', 'max', '--accel', accel, '--taps', taps];
        const { code, stdout, stderr } = await run(
          'run',
          '--board',
          board,
          'keyword.mote',
          ...args,
          '--telemetry',
          '--json',
        );
        expect([code, stderr]).toEqual([0, '']);
        const lines = ndjson(stdout);
        const events = lines.filter(({ type }) => type === 'event');
        expect(events.map(({ name, body }) => [name, (body as { word: string }).word])).toEqual(
          ['yes', 'no', 'no', 'yes'].map((word) => ['keyword', word]),
        );
        expect(events.map(({ t }) => Math.round((t as number) * 10))).toEqual([18, 38, 62, 68]);
        const scores = lines.filter(({ type, name }) => type === 'telemetry' && name === 'score.yes');
        expect(scores.flatMap(({ values }) => values as number[])).toHaveLength(80);
        for (const tap of ['features', 'scores'])
          expect(readFileSync(join(taps, `${tap}.bin`)).equals(readFileSync(speech(`stream.${tap}.bin`)))).toBe(true);
        const end = lines.at(-1)!;
        expect(end).toMatchObject({
          type: 'end',
          board,
          events: 4,
          faults: 0,
          sensors: { microphone: { read: 128_000, lost: 0 } },
        });
        expect(end.vitals).toMatchObject({
          stack: expect.any(Number),
          heap: expect.any(Number),
          slot: expect.any(Number),
        });
        if (board === 'linux') expect(end).not.toHaveProperty('instructions');
        else {
          expect(end.instructions).toBeGreaterThan(50e6);
          expect(end.realTimeAt100MHz).toBeGreaterThan(1);
        }
      }
      expect(readdirSync(temporary)).toEqual([]);
    });

    it('accepts a push, rolls a bad one back, keeps its flash, and ends at Ctrl-C without leftovers', {
      timeout: 180_000,
    }, async () => {
      const folder = at(`node-${board}`);
      const args = [
        'run',
        '--board',
        board,
        'keyword.mote',
        '-k',
        'r.pem',
        '-i',
        speech('stream.wav'),
        '--loop',
        '--json',
      ];
      const node = start(...args, '--dir', folder, '--node', 'hall', '--speed', '4');
      const { broker } = JSON.parse(await node.line(lineWith('"listening"')));
      await node.line(lineWith('"online":true'));
      const push = (file: string) => run('push', file, '--node', 'hall', '--broker', broker, '--json');
      const good = await push('next.mote');
      expect(good.stderr).toBe('');
      expect(ndjson(good.stdout).at(-1)).toMatchObject({ type: 'result', state: 'confirmed' });
      const bad = await push('faulty.mote');
      expect([bad.code, ndjson(bad.stdout).at(-1)]).toMatchObject([
        1,
        { state: 'rolledback', reason: { code: expect.stringMatching(/^TRAP_(FUEL|DEADLINE)$/) } },
      ]);
      node.kill('SIGINT');
      const { code, stdout, stderr } = await node.ended;
      // The fault of the bad module is also reported for the node.
      expect([code, stderr]).toEqual([1, '']);
      expect(ndjson(stdout).at(-1)).toMatchObject({ type: 'end', faults: 1 });
      const emulators = spawnSync('pgrep', ['-f', folder], { encoding: 'utf8' }).stdout;
      expect(emulators).toBe('');
      const again = await run(
        ...args.slice(0, -1),
        '--dir',
        folder,
        '--node',
        'hall',
        '--speed',
        'max',
        '--seconds',
        '3',
      );
      expect(again.stdout).toMatch(/online: keyword 1\.1\.0 confirmed, slot B; .*, start 2$/m);
      expect(existsSync(join(folder, 'flash.bin'))).toBe(true);
    });

    it("ends normally at a terminal's Ctrl-C, which also ends the firmware's process", {
      timeout: 180_000,
    }, async () => {
      const args = ['run', '--board', board, 'keyword.mote', '-k', 'r.pem', '-i', speech('yes.wav'), '--loop'];
      const node = startMoteAsGroup([...args, '--json'], dir, { TMPDIR: temporary });
      running.push(node);
      await node.line(lineWith('"type":"event"'));
      node.killGroup('SIGINT');
      const { code, stdout, stderr } = await node.ended;
      expect([code, stderr]).toEqual([0, '']);
      const [state, end] = ndjson(stdout).slice(-2);
      expect(state).toMatchObject({ type: 'state', state: 'node', online: false });
      expect(end).toMatchObject({ type: 'end', board, faults: 0 });
      expect(readdirSync(temporary)).toEqual([]);
    });
  });
}

describe.skipIf(missing)(`mote run${NEEDS_SOURCES}`, () => {
  it.each([
    [['--board', 'pdp11', 'keyword.mote'], /There is no board pdp11/],
    [['--board', 'nrf52840', 'keyword.mote'], /runs on the hardware only: "mote flash nrf52840"/],
    [['--board', 'linux', 'keyword.mote', '-k', 'r.pem'], /opens microphone: give it samples/],
    [
      ['--board', 'linux', 'keyword.mote', '-i', 'noise:rate=16000,amplitude=9'],
      /A node runs only packages of a key that it trusts/,
    ],
    [['--board', 'linux', 'keyword.mote', '--speed', '0'], /--speed is "max" or a number/],
    [['--board', 'linux', 'keyword.mote', '--accel', 'maybe'], /--accel is one of on, off/],
    [['--board', 'linux', 'keyword.mote', '--node', 'a/b'], /"a\/b" isn't a valid node id/],
    [['--board', 'linux', 'nowhere'], /nowhere doesn't exist/],
    ...[0, -5, 2e6].map((rate): [string[], RegExp] => [
      ['--board', 'linux', 'keyword.mote', '-k', 'r.pem', '-i', `noise:rate=${rate},amplitude=9`],
      /rate=\S+ is out of range: use 0.001 to 1000000 samples a second/,
    ]),
    ...['--dir', '--taps'].flatMap((option) =>
      ['keyword.mote', 'keyword.mote/below'].map((path): [string[], RegExp] => [
        ['--board', 'linux', 'keyword.mote', '-k', 'r.pem', '-i', 'noise:rate=16000,amplitude=9', option, path],
        new RegExp(`${option} ${path} isn't a folder and can't be created .* choose another`),
      ]),
    ),
  ])('%j: reports the error', async (args, sentence) => {
    const { code, stderr } = await run('run', ...args);
    expect(stderr).toMatch(sentence);
    expect(stderr).toMatch(/^mote: [^\n]+ \[[A-Z0-9_]+\]\n$/);
    expect(code).toBe(2);
  });

  it('reports that an existing node keeps its app and keys, and rejects another name', async () => {
    saveKeyPair(at('other.pem'), generateKeyPair());
    const args = ['-i', speech('yes.wav'), '--speed', 'max', '--seconds', '1', '--dir', at('kept'), '--json'];
    const notes = async (...more: string[]) => {
      const { code, stdout, stderr } = await run('run', '--board', 'linux', ...more, ...args);
      expect([code, stderr]).toEqual([0, '']);
      const lines = ndjson(stdout);
      expect(lines.find(({ online }) => online === true)).toMatchObject({
        node: 'hall',
        birth: { module: { version: '1.0.0' } },
      });
      return lines.filter(({ type }) => type === 'problem');
    };
    expect(await notes('keyword.mote', '-k', 'r.pem', '--node', 'hall')).toEqual([]);
    expect(await notes('keyword.mote', '-k', 'r.pem')).toEqual([]);
    expect(await notes('next.mote', '-k', 'other.pem')).toEqual([
      {
        type: 'problem',
        code: 'NODE_KEPT',
        message: expect.stringMatching(/^hall runs the module in its flash, keyword 1\.0\.0, .*"mote push" updates it/),
      },
      {
        type: 'problem',
        code: 'NODE_KEPT',
        message: expect.stringMatching(/^hall uses the keys in its flash/),
      },
    ]);
    const { metadata, ...pkg } = parsePackage(readFileSync(at('keyword.mote')));
    const target = { product: 'door', group: 'east' };
    const other = { ...pkg, metadata: { ...metadata, ...target }, privateKey: keys.privateKey };
    writeFileSync(at('door.mote'), buildPackage(other));
    expect(await notes('door.mote', '-k', 'r.pem')).toEqual([
      {
        type: 'problem',
        code: 'NODE_KEPT',
        message: expect.stringMatching(
          /^hall keeps the product class none and the group none in its flash.*rejects.*product 'door'.*--dir/,
        ),
      },
    ]);
    const { code, stderr } = await run('run', '--board', 'linux', 'keyword.mote', ...args.slice(0, -1), '-n', 'attic');
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/belongs to the node hall, not to attic: .* \[NODE_ID\]/),
    ]);
  });

  it('leaves no files when the reader of its output ends', async () => {
    const args = 'run --board linux keyword.mote -k r.pem --loop --speed 20 --telemetry --json';
    const command = `"$0" "$@" -i "$RECORDING" | head -n 9`;
    const env = { TMPDIR: temporary, RECORDING: speech('yes.wav') };
    const { code, stdout, stderr } = await startProgram(
      'bash',
      ['-c', `set -o pipefail; ${command}`, process.execPath, MOTE, ...args.split(' ')],
      dir,
      env,
    ).ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(ndjson(stdout)).toHaveLength(9);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('runs an app from its folder with a key of its own, and its settings', async () => {
    const { code, stdout } = await run(
      'run',
      '--board',
      'linux',
      app('vibration'),
      '-i',
      'sine:rate=1000,freq=25,amplitude=600,seconds=5',
      '--set',
      'alarm=2000',
      '--speed',
      'max',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/no key was given, so this run uses a new one/);
    expect(stdout).toMatch(/^0 events; accelerometer: 5000 samples read, 0 lost$/m);
  });
});

describe.skipIf(!available)(`mote demo --board mps2-an386${NEEDS_QEMU}`, () => {
  it('has the same course on the M4, in real time at 100 MHz', { timeout: 180_000 }, async () => {
    const { code, stdout, stderr } = await run('demo', '--board', 'mps2-an386', '--json');
    expect(stderr).toBe('');
    const lines = ndjson(stdout);
    expect(lines.at(-1)).toMatchObject({
      type: 'end',
      ok: true,
      lost: 0,
      outcomes: [
        { verdict: 'confirmed', lost: 0 },
        { verdict: 'rolled back', reason: expect.stringMatching(/^TRAP_/) },
      ],
    });
    expect(lines.at(-1)!.realTimeAt100MHz).toBeGreaterThan(1);
    const events = lines.filter(({ type }) => type === 'event');
    expect(events.length).toBeGreaterThanOrEqual(8);
    expect(new Set(events.map(({ version }) => version))).toEqual(new Set(['1.0.0', '1.1.0']));
    expect(code).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('leaves no files when it is stopped', { timeout: 180_000 }, async () => {
    const demo = start('demo', '--board', 'mps2-an386', '--json');
    await demo.line(lineWith('"type":"event"'));
    demo.kill('SIGTERM');
    expect((await demo.ended).code).toBe(130);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe.skipIf(!available)(`a board with 64 KiB of RAM and 256 KiB of flash${NEEDS_QEMU}`, () => {
  it('runs micro_speech, signed and in one of two slots, with the outputs of the reference', {
    timeout: 180_000,
  }, async () => {
    const golden = (name: string) => readFileSync(packagePath('models', 'micro_speech', 'golden', name));
    const runs = ['00', '01', '02'];
    mkdirSync(at('scores'));
    writeFileSync(at('scores', 'app.ts'), SCORES);
    const manifest = { name: 'scores', version: '1.0.0', entry: 'app.ts', sequence: 1, trialMs: 5000 };
    copyFileSync(packagePath('models', 'micro_speech', 'model.tflite'), at('scores', 'model.tflite'));
    const models = { micro_speech: 'model.tflite' };
    writeFileSync(at('scores', 'mote.json'), JSON.stringify({ ...manifest, models }));
    // A sample holds two of the model's 1960 inputs.
    const input = Buffer.concat(runs.map((name) => golden(`in_${name}.bin`)));
    const samples = Array.from({ length: input.length / 2 }, (_, i) => input.readInt16LE(i * 2));
    writeFileSync(at('scores', 'features.csv'), `v\n${samples.join('\n')}\n`);
    const source = `features=${at('scores', 'features.csv')}:rate=980`;
    const { code, stdout, stderr } = await run(
      'run',
      '--board',
      'lm3s6965evb',
      'scores',
      '-k',
      'r.pem',
      '-i',
      source,
      '--speed',
      'max',
      '--json',
    );
    expect([code, stderr]).toEqual([0, '']);
    const events = ndjson(stdout).filter(({ type }) => type === 'event');
    expect(events.map(({ body }) => Object.values(body as Record<string, number>))).toEqual(
      runs.map((name) => [...new Int8Array(golden(`out_${name}.bin`))]),
    );
  });

  it('reports when its memory is too small for a module, and which boards have more', {
    timeout: 180_000,
  }, async () => {
    const args = ['-k', 'r.pem', '-i', speech('yes.wav'), '--speed', 'max', '--seconds', '5', '--json'];
    const { code, stdout, stderr } = await run('run', '--board', 'lm3s6965evb', 'keyword.mote', ...args);
    expect([code, stderr]).toEqual([1, '']);
    expect(ndjson(stdout).filter(({ type }) => type === 'problem')).toEqual([
      {
        type: 'problem',
        code: 'BOARD_MEMORY',
        message: expect.stringMatching(
          /^The module doesn't fit into the memory of lm3s6965evb \(65\.5 KB of RAM.* with more memory \(linux, mps2-an386, /,
        ),
      },
    ]);
  });
});
