/** The command lines of flash tools, recorded by fake tools; and a folder in the place of a bootloader's drive. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Image, readHex, readUf2, UF2_FAMILIES } from '../board/index.ts';
import { readDrive, serialPorts, TOOLS, uf2Drives } from '../doctor/index.ts';
import { chooseDrive, driveSteps, encodeImage, esptoolSteps, probeSteps, requireTool } from './steps.ts';

const IMAGE: Image = {
  segments: [
    { address: 0x1000_0000, bytes: new Uint8Array(300).fill(0x11) },
    { address: 0x1010_0000, bytes: new Uint8Array(8).fill(0x22) },
  ],
  entry: 0x1000_0101,
};

let dir: string;
const at = (...parts: string[]) => join(dir, ...parts);
const path = process.env.PATH;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-flash-'));
  mkdirSync(at('bin'));
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(dir, { recursive: true, force: true });
});

/** Puts a fake tool first in PATH that appends its arguments to a file and exits with `code`. */
function fake(name: string, code = 0): () => string[][] {
  writeFileSync(
    at('bin', name),
    `#!/bin/sh\nfor a in "$@"; do printf '%s\\n' "$a"; done >> ${at(name)}\necho >> ${at(name)}\nexit ${code}\n`,
  );
  chmodSync(at('bin', name), 0o755);
  process.env.PATH = `${at('bin')}${delimiter}${path}`;
  return () =>
    readFileSync(at(name), 'utf8')
      .split('\n\n')
      .filter(Boolean)
      .map((call) => call.split('\n'));
}

function drive(name: string, board: string, file = 'INFO_UF2.TXT'): string {
  mkdirSync(at(name), { recursive: true });
  writeFileSync(at(name, file), `UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: ${board}\r\n`);
  return at(name);
}

describe('a debug probe', () => {
  it('writes, verifies and keeps what it need not erase, then resets', async () => {
    const calls = fake('probe-rs');
    for (const step of probeSteps('nRF52840_xxAA', IMAGE, dir, '1366:1015')) await step.run();
    const which = ['--chip', 'nRF52840_xxAA', '--non-interactive', '--probe', '1366:1015'];
    const file = at('image.hex');
    expect(calls()).toEqual([
      ['download', ...which, '--restore-unwritten', '--verify', '--binary-format', 'hex', file],
      ['reset', ...which],
    ]);
    expect(readHex(readFileSync(file, 'utf8'))).toEqual(IMAGE);
  });

  it('that fails is a failure, with what was called', async () => {
    const calls = fake('probe-rs', 3);
    const [download] = probeSteps('STM32F411CEUx', IMAGE, dir, undefined);
    await expect(download!.run()).rejects.toThrow(/"probe-rs download --chip STM32F411CEUx .*" ended with code 3/);
    expect(calls()).toHaveLength(1);
  });

  it('that is missing gives an error with how to get it, and the way without', async () => {
    process.env.PATH = at('bin');
    await expect(requireTool(TOOLS.probeRs, 'hex')).rejects.toThrow(
      /probe-rs isn't installed; .*cargo install probe-rs-tools.*--out FILE\.hex/,
    );
    fake('probe-rs');
    await requireTool(TOOLS.probeRs, 'hex');
  });
});

describe('esptool', () => {
  it('is given each part with its place in flash', async () => {
    const calls = fake('esptool');
    const [step] = esptoolSteps({ chip: 'esp32c3', base: 0x1000_0000 }, IMAGE, dir, '/dev/ttyUSB0');
    await step!.run();
    const [[...args]] = calls() as [string[]];
    expect(args).toEqual([
      ...['--chip', 'esp32c3', '--port', '/dev/ttyUSB0', '--baud', '460800', 'write-flash'],
      ...['0x0', at('part-0.bin'), '0x100000', at('part-100000.bin')],
    ]);
    expect(readFileSync(at('part-0.bin')).equals(Buffer.alloc(300, 0x11))).toBe(true);
    expect(readFileSync(at('part-100000.bin')).equals(Buffer.alloc(8, 0x22))).toBe(true);
    expect(() => esptoolSteps({ chip: 'esp32c3', base: 0x2000_0000 }, IMAGE, dir, undefined)).toThrow(
      /before the chip's flash/,
    );
  });
});

describe("a UF2 bootloader's drive", () => {
  it('receives the file', async () => {
    const found = readDrive(drive('RPI-RP2', 'RPI-RP2'))!;
    expect(found).toEqual({ path: at('RPI-RP2'), board: 'RPI-RP2', model: 'Raspberry Pi RP2' });
    const [step] = driveSteps('keyword', encodeImage(IMAGE, 'uf2', 'rp2040'), found);
    await step!.run();
    const { segments, family } = readUf2(readFileSync(at('RPI-RP2', 'KEYWORD.UF2')));
    expect(family).toBe(UF2_FAMILIES.rp2040.id);
    expect(segments.map(({ address, bytes }) => [address, bytes.length])).toEqual([
      [0x1000_0000, 4096],
      [0x1010_0000, 4096],
    ]);
  });

  it('that disappears while it is written has taken the file; one that stays and fails has not', async () => {
    const [step] = driveSteps('a', new Uint8Array(512), readDrive(drive('gone', 'RPI-RP2'))!);
    rmSync(at('gone'), { recursive: true });
    await step!.run();
    const [blocked] = driveSteps('a', new Uint8Array(512), readDrive(drive('full', 'RPI-RP2'))!);
    mkdirSync(at('full', 'A.UF2'));
    await expect(blocked!.run()).rejects.toThrow(/can't be written/);
  });

  it('is found where systems mount, in either case, and chosen only when it is the board’s and alone', () => {
    drive('media/me/RPI-RP2', 'RPI-RP2');
    drive('media/FTHR840BOOT', 'nRF52840-Feather-revD', 'info_uf2.txt');
    mkdirSync(at('media', 'me', 'photos'));
    const drives = () => uf2Drives([at('media'), at('nowhere')]);
    expect(drives().map(({ board }) => board)).toEqual(['nRF52840-Feather-revD', 'RPI-RP2']);
    expect(chooseDrive(undefined, 'nRF52840', drives).path).toBe(at('media', 'FTHR840BOOT'));
    expect(() => chooseDrive(undefined, 'STM32F4', drives)).toThrow(
      /No drive of this board's bootloader .*STM32F4.*--drive/,
    );
    drive('media/me/RPI-RP2 1', 'RPI-RP2');
    expect(() => chooseDrive(undefined, 'RPI-RP2', drives)).toThrow(/Several drives match: .*select one with --drive/);
    expect(chooseDrive(at('media', 'me', 'RPI-RP2 1'), 'RPI-RP2', drives).path).toBe(at('media', 'me', 'RPI-RP2 1'));
    expect(() => chooseDrive(at('media', 'FTHR840BOOT'), 'RPI-RP2', drives)).toThrow(/drive of nRF52840-Feather-revD/);
    expect(() => chooseDrive(at('media', 'me', 'photos'), 'RPI-RP2', drives)).toThrow(/no INFO_UF2\.TXT/);
  });
});

describe('formats', () => {
  it('are encoded as named, and uf2 only where the board has it', () => {
    expect(encodeImage(IMAGE, 'bin').length).toBe(0x10_0008);
    expect(existsSync(at('image.hex'))).toBe(false);
    expect(() => encodeImage(IMAGE, 'uf2')).toThrow(/no UF2 bootloader/);
  });
});

describe('serial ports', () => {
  it('go by their stable names where there are some', () => {
    mkdirSync(at('dev'));
    for (const name of ['ttyS0', 'ttyUSB1', 'ttyACM0', 'cu.usbmodem1', 'null']) writeFileSync(at('dev', name), '');
    expect(serialPorts(at('dev'))).toEqual(['cu.usbmodem1', 'ttyACM0', 'ttyUSB1'].map((name) => at('dev', name)));
    mkdirSync(at('dev', 'serial', 'by-id'), { recursive: true });
    writeFileSync(at('dev', 'serial', 'by-id', 'usb-Pico'), '');
    expect(serialPorts(at('dev'))).toEqual([at('dev', 'serial', 'by-id', 'usb-Pico')]);
    expect(serialPorts(at('nowhere'))).toEqual([]);
  });
});
