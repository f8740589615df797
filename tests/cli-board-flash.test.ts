/**
 * `mote board` and `mote flash` from a user's point of view, with tools that only record their arguments and a folder
 * in place of a drive.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { lacking, type OptionalProgram, titled } from '../host/base/needs.ts';
import { MemoryFlash } from '../host/device/flash/index.ts';
import { DEFAULT_LAYOUT, readIdentity } from '../host/device/node/index.ts';
import { NodeStorage } from '../host/device/node/storage.ts';
import { buildPackage, generateKeyPair, keyId, saveKeyPair } from '../host/device/package/index.ts';
import { boardNames, type Image, loadBoard, readHex, readUf2, UF2_FAMILIES } from '../host/toolchain/board/index.ts';
import { buildApp } from '../host/toolchain/build/index.ts';
import { mote } from './program.ts';
import { missingSources } from './sources.ts';
import { keys, release } from './world.ts';

// In a new clone, each board's firmware is compiled first.
vi.setConfig({ testTimeout: 240_000 });

/** The reasons why a test is skipped that builds an Arm image, that runs one, or that runs a RISC-V image. */
const NO_ARM = lacking('arm-none-eabi-gcc');
const NO_FIRMWARE = NO_ARM ?? ((await missingSources('images/agent')) || null);
const NO_ARM_RUN = lacking('arm-none-eabi-gcc', 'qemu-system-arm');
const NO_RISCV_RUN = lacking('riscv64-unknown-elf-gcc', 'qemu-system-riscv32');

let dir: string;
let first: Uint8Array;
const at = (...parts: string[]) => join(dir, ...parts);
const run = (args: string[], env: NodeJS.ProcessEnv = {}) => mote(args, dir, env);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-board-'));
  saveKeyPair(at('r.pem'), keys);
  saveKeyPair(at('other.pem'), generateKeyPair());
  // A template with the one changed line that docs/running-on-boards.md names.
  await run(['new', 'vibration']);
  const source = readFileSync(at('vibration', 'app.ts'), 'utf8');
  writeFileSync(at('vibration', 'app.ts'), source.replace("Sensor.open('accelerometer')", "Sensor.open('analog')"));
  const { wasm, rom, metadata } = await buildApp(at('vibration'));
  const signed = { wasm, rom, sequence: 7, privateKey: keys.privateKey };
  first = buildPackage({ ...signed, metadata });
  writeFileSync(at('first.mote'), first);
  writeFileSync(at('large.mote'), buildPackage({ ...signed, metadata: { ...metadata, memoryBytes: 1 << 20 } }));
  writeFileSync(at('fibs.mote'), buildPackage({ ...signed, metadata: { ...metadata, memoryBytes: 1 << 10 } }));
  writeFileSync(at('ear.mote'), await release('keyword', { sequence: 7 }));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/**
 * A `bin` folder with a tool that records its arguments, one a line, and the image that it was given; it exits with
 * `code`.
 */
let tools = 0;
function fakeTool(name: string, code = 0): { env: NodeJS.ProcessEnv; calls: () => string[][]; image: string } {
  const bin = at(`bin-${tools++}`);
  mkdirSync(bin, { recursive: true });
  const log = join(bin, 'calls');
  const image = join(bin, 'image');
  const script = `#!/bin/sh
case "$1" in version|--version) echo "says ${name}"; exit 0;; esac
for a in "$@"; do printf '%s\\n' "$a" >> ${log}; if [ -f "$a" ]; then cp "$a" ${image}; fi; done
echo >> ${log}; echo "says ${name}"; exit ${code}`;
  writeFileSync(join(bin, name), script);
  chmodSync(join(bin, name), 0o755);
  const calls = () => readFileSync(log, 'utf8').split('\n\n').filter(Boolean);
  return {
    env: { PATH: `${bin}${delimiter}${process.env.PATH}` },
    calls: () => calls().map((call) => call.trim().split('\n')),
    image,
  };
}

/** Boots a node in TypeScript from the image of a board, as the agent does. */
function boot(name: string, { segments }: Image) {
  const { flash } = loadBoard(name);
  const device = new MemoryFlash({ sizeBytes: flash.bytes, pageBytes: flash.page, writeBytes: flash.write });
  const own = segments.filter(({ address }) => address >= flash.origin! && address < flash.origin! + flash.bytes);
  for (const { address, bytes } of own) device.program(address - flash.origin!, bytes);
  const { id, publicKeys } = readIdentity(device);
  const slots = new NodeStorage(device, DEFAULT_LAYOUT, true).slots!;
  const active = slots.active();
  return { id, keys: publicKeys.map(keyId), active, package: active && Buffer.from(slots.read(active.slot)) };
}

function expectNode(name: string, id: string, image: Image): void {
  const node = boot(name, image);
  expect(node).toMatchObject({ id, keys: [keyId(keys.publicKey)], active: { sequence: 7, state: 'confirmed' } });
  expect(node.package!.equals(Buffer.from(first))).toBe(true);
}

describe('mote board', () => {
  it('list shows every board, where it runs, and which were never run', async () => {
    const { code, stdout } = await run(['board', 'list']);
    expect(code).toBe(0);
    for (const name of boardNames()) {
      const { run: how, cpu, neverRun } = loadBoard(name);
      const [line] = stdout.split('\n').filter((text) => text.startsWith(`${name} `));
      expect(line).toContain(cpu.core);
      const lacks = cpu.toolchain === 'arm-none-eabi' ? NO_ARM_RUN : NO_RISCV_RUN;
      const inQemu = lacks === null ? /in QEMU$/ : /needs tools$/;
      expect(line).toMatch(how === null ? /no$/ : how.kind === 'qemu' ? inQemu : /as a process$/);
      if (neverRun !== null)
        expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(new RegExp(`${name}[^:]*: never run ${neverRun.split(' ')[0]}`));
    }
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    const json = await run(['board', 'list', '--json']);
    const { boards } = JSON.parse(json.stdout);
    expect(boards.map(({ name }: { name: string }) => name)).toEqual(boardNames());
    const known = Object.fromEntries(boards.map((board: { name: string }) => [board.name, board]));
    expect(known['mps2-an386']).toMatchObject({
      memory: { ram: { bytes: 262_144 } },
      runsHere: NO_ARM_RUN === null,
      missing: ['arm-none-eabi-gcc', 'qemu-system-arm'].filter((tool) => lacking(tool as OptionalProgram) !== null),
    });
    expect(known['riscv-virt']).toMatchObject({ runsHere: NO_RISCV_RUN === null });
    expect(known.rp2040).toMatchObject({ runsHere: false, missing: [] });
  });

  it('list shows the tools that this machine lacks to run a board', async () => {
    const env = { QEMU_SYSTEM_ARM: 'no-such-qemu', CC_ARM: 'no-such-gcc' };
    const { code, stdout } = await run(['board', 'list'], env);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^mps2-an386 .* needs tools$/m);
    expect(stdout).toMatch(NO_RISCV_RUN === null ? /^riscv-virt .* in QEMU$/m : /^riscv-virt .* needs tools$/m);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'lm3s6965evb, mps2-an386, mps2-an505: needs arm-none-eabi-gcc and qemu-system-arm',
    );
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    const json = await run(['board', 'list', '--json'], { QEMU_SYSTEM_ARM: 'no-such-qemu' });
    const { boards } = JSON.parse(json.stdout);
    expect(boards.find(({ name }: { name: string }) => name === 'mps2-an505')).toMatchObject({
      runsHere: false,
      missing: [...(NO_ARM === null ? [] : ['arm-none-eabi-gcc']), 'qemu-system-arm'],
    });
  });

  it.skipIf(NO_ARM_RUN !== null)(titled('doctor finds the tools of a board', NO_ARM_RUN), async () => {
    const good = await run(['board', 'doctor', 'mps2-an386', '--json']);
    expect([good.code, JSON.parse(good.stdout)]).toMatchObject([
      0,
      { board: 'mps2-an386', ok: true, checks: [{ name: 'arm-none-eabi-gcc' }, { name: 'qemu-system-arm' }] },
    ]);
  });

  it('doctor explains how to get missing tools', async () => {
    const bare = await run(['board', 'doctor', 'mps2-an386'], { PATH: at('nothing') });
    expect(bare.code).toBe(1);
    expect(bare.stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /✗ arm-none-eabi-gcc not found .*apt install gcc-arm-none-eabi.*✗ qemu-system-arm not found/,
    );
    const probe = await run(['board', 'doctor', 'nrf52840', '--json'], fakeTool('probe-rs').env);
    expect(JSON.parse(probe.stdout).checks).toContainEqual({
      name: 'probe-rs',
      ok: true,
      needed: true,
      found: 'says probe-rs',
    });
    const all = await run(['board', 'doctor'], { PATH: at('nothing') });
    expect(all.code).toBe(0);
    for (const tool of [
      'riscv64-unknown-elf-gcc',
      'qemu-system-riscv32',
      'probe-rs',
      'esptool',
      'stty',
      'serial ports',
      'UF2 drives',
    ])
      expect(all.stdout).toMatch(new RegExp(`^- +${tool} `, 'm'));
    expect((await run(['board', 'doctor', 'pdp11'])).stderr).toMatch(
      /There is no board pdp11: use one of .*mps2-an386.*\[BOARD_NAME\]/,
    );
  });
});

/** A wrong use: one line, with a code. */
async function reportsError(args: string[], sentence: RegExp): Promise<void> {
  const { code, stderr } = await run(args);
  expect(stderr).toMatch(sentence);
  expect(stderr).toMatch(/^mote: [^\n]+ \[[A-Z0-9_]+\]\n$/);
  expect(code).toBe(2);
}

describe('mote flash', () => {
  it.skipIf(NO_FIRMWARE !== null)(
    titled('writes firmware and node to a board through its debug probe', NO_FIRMWARE),
    async () => {
      const { env, calls, image } = fakeTool('probe-rs');
      const args = ['flash', 'nrf52840', 'first.mote', '--key', 'r.pem', '--node', 'press-7', '--json'];
      const { code, stdout, stderr } = await run(args, env);
      expect([code, stderr]).toEqual([0, 'says probe-rs\nsays probe-rs\n']);
      const [download, reset] = calls();
      expect(download!.slice(0, -1)).toEqual([
        'download',
        '--chip',
        'nRF52840_xxAA',
        '--non-interactive',
        '--restore-unwritten',
        '--verify',
        '--binary-format',
        'hex',
      ]);
      expect(reset).toEqual(['reset', '--chip', 'nRF52840_xxAA', '--non-interactive']);
      expect(existsSync(download!.at(-1)!)).toBe(false);
      const flashed = readHex(readFileSync(image, 'utf8'));
      expectNode('nrf52840', 'press-7', flashed);
      // Vectors: the top of the stack in RAM, then the first instruction in flash, in Thumb state.
      const vectors = Buffer.from(flashed.segments[0]!.bytes);
      expect(vectors.readUInt32LE(0)).toBeGreaterThan(0x2000_0000);
      expect(vectors.readUInt32LE(4) & 1).toBe(1);
      const result = JSON.parse(stdout);
      expect(result).toMatchObject({ board: 'nrf52840', node: 'press-7', done: true });
      expect(result.parts).toEqual(flashed.segments.map(({ address, bytes }) => ({ address, bytes: bytes.length })));
    },
  );

  it.skipIf(NO_FIRMWARE !== null)(titled('reports what failed, and fails', NO_FIRMWARE), async () => {
    const { env } = fakeTool('probe-rs', 1);
    const { code, stderr } = await run(['flash', 'nrf52840'], env);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^says probe-rs\nmote: "probe-rs download .*" ended with code 1.*\[FLASH_FAILED\]\n$/);
    // Checked before the build, which would fail without a compiler.
    const missing = await run(['flash', 'nrf52840'], { CC_ARM: 'no-such-gcc' });
    expect(missing.stderr).toMatch(/probe-rs isn't installed; .*--out FILE\.hex.*\[FLASH_TOOL\]/);
  });

  it.skipIf(NO_FIRMWARE !== null)(
    titled("copies a UF2 file to a bootloader's drive, and does nothing with --dry-run", NO_FIRMWARE),
    async () => {
      mkdirSync(at('drive'));
      writeFileSync(at('drive', 'INFO_UF2.TXT'), 'UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n');
      const args = ['flash', 'rp2040', 'first.mote', '--key', 'r.pem', '--drive', 'drive'];
      const dry = await run([...args, '--dry-run']);
      expect([dry.code, dry.stderr]).toEqual([0, '']);
      expect(dry.stdout).toMatch(/\$ copy RP2040\.UF2 drive\nnothing was written/);
      expect(readdirSync(at('drive'))).toEqual(['INFO_UF2.TXT']);
      const { code, stdout } = await run(args);
      expect(code).toBe(0);
      expect(stdout).toMatch(/node rp2040 with vibration 1\.0\.0, sequence 7, trusts r\.pem/);
      const file = readUf2(readFileSync(at('drive', 'RP2040.UF2')));
      expect(file.family).toBe(UF2_FAMILIES.rp2040.id);
      expectNode('rp2040', 'rp2040', file);
    },
  );

  it.skipIf(NO_FIRMWARE !== null)(
    titled('shows the planned steps with --dry-run, also without drive and tool', NO_FIRMWARE),
    async () => {
      const rp2040 = ['flash', 'rp2040', 'first.mote', '--key', 'r.pem'];
      const drive = await run([...rp2040, '--dry-run']);
      expect([drive.code, drive.stderr]).toEqual([0, '']);
      expect(drive.stdout).toMatch(
        /\$ copy RP2040\.UF2 RPI-RP2\nmissing No drive of this board's bootloader .*\nnothing was written/,
      );
      const wet = await run(rp2040, { CC_ARM: 'no-such-gcc' });
      expect([wet.code, wet.stderr]).toEqual([
        2,
        expect.stringMatching(/hold BOOTSEL.*--out FILE\.uf2.*\[FLASH_DRIVE\]/),
      ]);
      const probe = await run(['flash', 'nrf52840', 'first.mote', '--key', 'r.pem', '--dry-run', '--json']);
      const { steps, done, missing } = JSON.parse(probe.stdout);
      expect([probe.code, done, missing]).toEqual([0, false, expect.stringMatching(/probe-rs isn't installed/)]);
      const file = steps[0].at(-1);
      try {
        expectNode('nrf52840', 'nrf52840', readHex(readFileSync(file, 'utf8')));
      } finally {
        rmSync(dirname(file), { recursive: true });
      }
    },
  );

  it.skipIf(NO_FIRMWARE !== null)(
    titled('writes the image in each format with equal contents, also for emulated boards', NO_FIRMWARE),
    async () => {
      const write = async (board: string, out: string, ...more: string[]) => {
        const { code, stderr } = await run(['flash', board, 'first.mote', '--key', 'r.pem', '--out', out, ...more]);
        expect([code, stderr]).toEqual([0, '']);
        return readFileSync(at(out));
      };
      const hex = readHex((await write('rp2040', 'a.hex')).toString());
      expectNode('rp2040', 'rp2040', hex);
      const uf2 = readUf2(await write('rp2040', 'a.uf2'));
      const bin = await write('rp2040', 'image', '--format', 'bin');
      const base = hex.segments[0]!.address;
      for (const { address, bytes } of hex.segments) {
        const here = uf2.segments.find(
          (s) => s.address <= address && address + bytes.length <= s.address + s.bytes.length,
        )!;
        const from = address - here.address;
        expect(Buffer.from(here.bytes.subarray(from, from + bytes.length)).equals(Buffer.from(bytes))).toBe(true);
        expect(bin.subarray(address - base, address - base + bytes.length).equals(Buffer.from(bytes))).toBe(true);
      }
      expectNode('mps2-an386', 'mps2-an386', readHex((await write('mps2-an386', 'b.hex')).toString()));
    },
  );

  it.skipIf(NO_FIRMWARE !== null)(
    titled('flashes a written image in each format, and only to its own board', NO_FIRMWARE),
    async () => {
      for (const file of ['a.hex', 'a.uf2']) {
        const { env, calls, image } = fakeTool('probe-rs');
        const { code } = await run(['flash', 'rp2040', '--image', file, '--by', 'probe-rs', '--json'], env);
        expect([code, calls()[0]?.[2]]).toEqual([0, 'RP2040']);
        expectNode('rp2040', 'rp2040', readHex(readFileSync(image, 'utf8')));
      }
      const wrong = await run(['flash', 'nrf52840', '--image', 'a.hex'], fakeTool('probe-rs').env);
      expect([wrong.code, wrong.stderr]).toEqual([
        2,
        expect.stringMatching(/bytes at 0x10000000, where nrf52840 has no flash for them\. \[IMAGE\]/),
      ]);
    },
  );

  it.skipIf(NO_FIRMWARE !== null)(
    titled('accepts an app that opens sensors of the board, and any app on an emulated board', NO_FIRMWARE),
    async () => {
      const args = ['flash', 'nrf52840', 'vibration', '--key', 'r.pem', '--node', 'press-7', '--out', 'press-7.hex'];
      const { code, stderr } = await run(args);
      expect([code, stderr]).toEqual([0, '']);
      expect(boot('nrf52840', readHex(readFileSync(at('press-7.hex'), 'utf8')))).toMatchObject({
        id: 'press-7',
        active: { sequence: 1, state: 'confirmed' },
      });
      const emulated = await run(['flash', 'mps2-an386', 'ear.mote', '--key', 'r.pem', '--out', 'ear.hex']);
      expect([emulated.code, emulated.stderr]).toEqual([0, '']);
    },
  );

  it.skipIf(NO_FIRMWARE !== null)(titled('does not change the node without a node id', NO_FIRMWARE), async () => {
    const { stdout } = await run(['flash', 'nrf52840', '--out', 'c.hex', '--json'], {});
    const { flash } = loadBoard('nrf52840');
    expect(JSON.parse(stdout)).toMatchObject({ node: null, written: true });
    for (const { address, bytes } of readHex(readFileSync(at('c.hex'), 'utf8')).segments)
      expect(address + bytes.length <= flash.origin! || address >= flash.origin! + flash.bytes).toBe(true);
  });

  it.each([
    [['flash', 'pdp11'], /There is no board pdp11/],
    [['flash', 'mps2-an386'], /runs on this machine, with "mote run --board mps2-an386"/],
    [
      ['flash', 'linux', '--out', 'x.hex', '--node', 'a', '--key', 'r.pem'],
      /linux is a process .*"mote run" starts it/,
    ],
    [['flash', 'nrf52840', '--drive', '.'], /nrf52840 can be flashed by probe-rs, not by uf2/],
    [['flash', 'rp2040', '--by', 'esptool'], /rp2040 can be flashed by uf2 or probe-rs, not by esptool/],
    [['flash', 'rp2040', '--drive', '.'], /no INFO_UF2\.TXT/],
    [['flash', 'nrf52840', '--out', 'x.uf2'], /no UF2 bootloader/],
    [['flash', 'nrf52840', '--format', 'hex'], /--format is the format of --out/],
    [['flash', 'nrf52840', '--out', 'x', '--format', 'elf'], /--format is one of hex, uf2, bin/],
    [['flash', 'nrf52840', '--node', 'a/b', '--key', 'r.pem', '--out', 'x'], /"a\/b" isn't a valid node id/],
    [['flash', 'nrf52840', '--product', 'a b', '--key', 'r.pem', '--out', 'x'], /"a b" isn't a valid product class/],
    [['flash', 'nrf52840', '--group', '', '--key', 'r.pem', '--out', 'x'], /"" isn't a valid group/],
    [['flash', 'nrf52840', '--image', 'a.hex', '--product', 'b'], /--image is a whole image/],
    [['flash', 'nrf52840', 'first.mote', '--product', 'press', '--key', 'r.pem', '--out', 'x'], /\[PKG_TARGET\]/],
    [['flash', 'nrf52840', '--node', 'a', '--out', 'x'], /A node must trust a key/],
    [['flash', 'nrf52840', '--image', 'a.hex', '--node', 'b'], /--image is a whole image/],
    [
      ['flash', 'nrf52840', 'ear.mote', '--key', 'r.pem', '--out', 'x'],
      /'keyword' needs the sensor 'microphone', and nrf52840 has 'analog': .*\[NODE_SENSOR\]/,
    ],
    [
      ['flash', 'nrf52840', 'first.mote', '--trust', 'other.pem.pub', '--out', 'x'],
      /signed with key [0-9a-f]+, but the node would trust other\.pem\.pub, key [0-9a-f]+: .*--trust.*\[PKG_KEY\]/,
    ],
    [['flash', 'nrf52840', 'large.mote', '--key', 'r.pem', '--out', 'x'], /1048576 bytes .* nrf52840 has 262144 bytes/],
    [['flash', 'nrf52840', 'fibs.mote', '--key', 'r.pem', '--out', 'x'], /the memory isn't what its module says/],
    [['flash', 'nrf52840', 'nowhere', '--key', 'r.pem', '--out', 'x'], /nowhere doesn't exist/],
  ])('%j: reports the error', reportsError);

  it.skipIf(NO_FIRMWARE !== null).each([
    [['flash', 'nrf52840', '--out', 'no/where.hex'], /where\.hex can't be written/],
    [['flash', 'nrf52840', '--image', 'image', '--out', 'x'], /image isn't an ELF, Intel HEX or UF2 file/],
  ])(titled('%j: reports the error', NO_FIRMWARE), reportsError);
});
