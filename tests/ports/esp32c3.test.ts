/**
 * Requirements of the ESP32-C3's boot ROM, its two buses and its processor on an image, as far as they can be checked
 * without the chip.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPair } from '../../host/device/package/index.ts';
import {
  buildImage,
  findTool,
  type Image,
  joinSegments,
  loadBoard,
  nodeSegment,
  readElf,
} from '../../host/toolchain/board/index.ts';
import { esptoolSteps } from '../../host/toolchain/flash/index.ts';
import { missingSources } from '../sources.ts';

const missing = await findTool('riscv64-unknown-elf').then(
  () => missingSources('images/agent'),
  (error: Error) => error.message,
);
if (missing) process.stderr.write(`ports: skipped: ${missing}\n`);

/**
 * Address ranges of flash and RAM on the instruction bus and the data bus (technical reference manual, chapter 3), and
 * of the ROM.
 */
const FLASH_AS_CODE = 0x4200_0000;
const FLASH_AS_DATA = 0x3c00_0000;
const RAM_AS_DATA = 0x3fc8_0000;
const ROM = 0x4000_0000;
const ROM_END = 0x4006_0000;
/** The boot ROM uses the RAM above, also for its functions. */
const ROM_RAM = 0x3fcd_0000;

const board = loadBoard('esp32c3');
let elf: string;
let image: Image;
let code: DataView;
const tool = (name: string, ...args: string[]) =>
  execFileSync(`riscv64-unknown-elf-${name}`, [...args, elf], { encoding: 'utf8', maxBuffer: 1 << 26 });

describe.skipIf(missing)('the image for esp32c3', () => {
  const symbols: { name: string; type: string; address: number }[] = [];
  const symbol = (name: string) => symbols.find((one) => one.name === name)!.address;

  beforeAll(async () => {
    ({ elf } = await buildImage(board, { image: 'agent' }));
    image = readElf(readFileSync(elf));
    const { buffer, byteOffset, length } = image.segments[0]!.bytes;
    code = new DataView(buffer, byteOffset, length);
    for (const line of tool('nm').trim().split('\n')) {
      const [address, type, name] = line.split(' ');
      symbols.push({ name: name!, type: type!, address: Number.parseInt(address!, 16) });
    }
  }, 300_000);

  it('begins with the header that makes the boot ROM start it directly, followed by the code that starts', () => {
    expect([code.getUint32(0, true), code.getUint32(4, true)]).toEqual([0xaedb_041d, 0xaedb_041d]);
    expect(image.entry).toBe(FLASH_AS_CODE + 8);
    expect(symbol('reset_entry')).toBe(FLASH_AS_CODE + 8);
  });

  it('has code in the flash range of the instruction bus, constants in that of the data bus, each at its offset', () => {
    const headers = tool('readelf', '-lW').split('\n');
    const loads = headers
      .filter((line) => line.includes(' LOAD '))
      .map((line) => line.trim().split(/\s+/).slice(2, 4).map(Number));
    expect(loads.length).toBe(3);
    const [text, constants, data] = loads as [number[], number[], number[]];
    expect(text).toEqual([FLASH_AS_CODE, FLASH_AS_DATA]);
    expect(constants[0]).toBe(constants[1]);
    expect(data[0]).toBeGreaterThan(RAM_AS_DATA);
    for (const { name, type, address } of symbols) {
      if (/^[rR]$/.test(type)) expect(address >>> 20, name).toBe(FLASH_AS_DATA >>> 20);
      // Data count as code if they share a section with the code that is in RAM.
      if (/^[tT]$/.test(type)) expect([FLASH_AS_CODE >>> 20, RAM_AS_DATA >>> 20], name).toContain(address >>> 20);
      if (/^[bBdD]$/.test(type)) expect(address >>> 20, name).toBe(RAM_AS_DATA >>> 20);
    }
  });

  it('does not use the RAM of the boot ROM, and uses only mapped flash', () => {
    const { ram } = board.memory!;
    expect(ram.origin + ram.bytes).toBe(ROM_RAM);
    expect(board.flash.origin! + board.flash.bytes).toBeLessThanOrEqual(FLASH_AS_DATA + 4 * 1024 * 1024);
  });

  it('has a vector for faults and each line: an uncompressed jump, from a table at a multiple of 256', () => {
    const table = symbol('trap_vectors');
    expect(table % 256).toBe(0);
    for (let line = 0; line < 32; line++) {
      const from = table + 4 * line;
      const word = code.getUint32(from - FLASH_AS_CODE, true);
      expect(word & 0xfff, `line ${line}`).toBe(0x06f); // JAL x0
      const offset =
        ((word >> 31) << 20) | (word & 0xff000) | (((word >>> 20) & 1) << 11) | (((word >>> 21) & 0x3ff) << 1);
      expect(from + offset, `line ${line}`).toBe(symbol('trap_entry'));
    }
  });

  it('uses no instruction and no register that this processor lacks', () => {
    const lines = tool('objdump', '-d', '-j', '.text')
      .split('\n')
      .map((line) => line.split('\t').slice(2));
    const instructions = lines.filter((parts) => parts.length > 0).map(([name]) => name!);
    expect(instructions.length).toBeGreaterThan(20_000);
    // No atomics and no floating point; no mie and mip, which are replaced by interrupt lines.
    expect(instructions.filter((name) => /^(amo|lr\.|sc\.|f[a-z]+\.[sd]|fl[wd]$|fs[wd]$)/.test(name))).toEqual([]);
    const registers = lines
      .filter(([name]) => name?.startsWith('csr'))
      .map(([, operands]) => operands!.match(/\b(m[a-z]+|pmp[a-z]+\d+|0x[0-9a-f]+)\b/)![0]);
    const known = /^(mstatus|mtvec|mscratch|mcause|mepc|mtval|pmpaddr\d+|pmpcfg[0-3])$/;
    expect(registers.length).toBeGreaterThan(20);
    expect(registers.filter((name) => !known.test(name))).toEqual([]);
  });

  it('has the code that writes the flash in RAM, and it calls only the ROM', () => {
    const text = tool('objdump', '-d', '-j', '.data');
    const work = text.slice(text.indexOf('<work>:')).split('\n\n')[0]!;
    const lines = work
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'));
    expect(lines.length).toBeGreaterThan(30);
    expect(symbol('work')).toBeGreaterThan(RAM_AS_DATA);
    // Jumps stay inside the function; calls go to addresses of the ROM.
    const [start, end] = [symbol('work'), Number.parseInt(lines.at(-1)![0]!, 16)];
    const targets = lines
      .filter(([, , name]) => /^(j|jal|b[a-z]+)$/.test(name!))
      .map(([, , , operands]) => Number.parseInt(operands!.match(/([0-9a-f]{8}) </)![1]!, 16));
    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets) expect(target >= start && target <= end, target.toString(16)).toBe(true);
    const uppers = lines
      .filter(([, , name]) => name === 'lui')
      .map(([, , , operands]) => Number(operands!.split(',')[1]) * 4096);
    expect(uppers).toContain(ROM);
    for (const upper of uppers)
      expect(upper < FLASH_AS_DATA || (upper >= RAM_AS_DATA && upper < ROM_END), upper.toString(16)).toBe(true);
    expect(work).not.toMatch(/\tauipc\t/);
  });

  it('is written to the board with esptool, at the start of the flash and behind the firmware', () => {
    const { publicKey } = generateKeyPair();
    const node = nodeSegment(board, { id: 'n-1', publicKeys: [publicKey], first: null });
    const [method] = board.flashing;
    if (method?.tool !== 'esptool') throw new Error('esp32c3 is flashed by esptool');
    const folder = mkdtempSync(join(tmpdir(), 'mote-esp32c3-'));
    try {
      const base = board.memory!.firmware.origin - method.address;
      const all = { ...image, segments: joinSegments([...image.segments, node]) };
      const [step] = esptoolSteps({ chip: method.chip, base }, all, folder, '/dev/ttyUSB0');
      const [, , chip, , , , , write, first, file, second] = step!.command;
      expect([chip, write, first, second]).toEqual(['esp32c3', 'write-flash', '0x0', '0x40000']);
      expect(readFileSync(file!).readUInt32LE(0)).toBe(0xaedb_041d);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
