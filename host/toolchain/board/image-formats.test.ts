/** Image formats compared with other tools: binutils, intelhex, adafruit-uf2. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readElf } from './elf.ts';
import { readHex, writeHex } from './hex.ts';
import { type Image, joinSegments, toBinary } from './segments.ts';
import { readUf2, UF2_FAMILIES, type Uf2Family, writeUf2 } from './uf2.ts';

const has = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
const BINUTILS = has('arm-none-eabi-objcopy', '--version') && has('arm-none-eabi-gcc', '--version');
const PYTHON = process.env.MOTE_PYTHON ?? 'python3';
const INTELHEX = has(PYTHON, '-c', 'import intelhex');
const ADAFRUIT = has(PYTHON, '-c', 'import adafruit_uf2');
/** `name` with why it is skipped, when it is. */
const named = (name: string, available: boolean, how: string) => (available ? name : `${name} (skipped: needs ${how})`);

let dir: string;
const at = (name: string) => join(dir, name);
const tool = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: dir, encoding: 'utf8' });
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-image-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Random images: a few runs with gaps, some across a 64 KiB boundary. */
const images: fc.Arbitrary<Image> = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(0x1_0010), fc.uint8Array({ minLength: 1, maxLength: 700 })), {
      minLength: 1,
      maxLength: 5,
    }),
    fc.constantFrom(0, 0x0800_0000, 0x1000_0000, 0x0000_fff0, 0xfff0_0000),
    fc.option(fc.nat(0xffff_ffff)),
  )
  .map(([runs, base, entry]) => {
    let address = base;
    const segments = runs.map(([gap, bytes]) => {
      const segment = { address: address + gap, bytes };
      address = segment.address + bytes.length;
      return segment;
    });
    return { segments: joinSegments(segments), entry };
  });

/** Bytes by address, to compare images that are split differently. */
const plain = ({ segments }: Image) =>
  segments.map(({ address, bytes }) => [address, Buffer.from(bytes).toString('hex')]);

describe('segments', () => {
  it('are sorted and joined, and never overlap', () => {
    const part = (address: number, ...bytes: number[]) => ({ address, bytes: Uint8Array.from(bytes) });
    expect(joinSegments([part(12, 3), part(8, 1, 1), part(10, 2, 2), part(20, 9), part(5)])).toEqual([
      part(8, 1, 1, 2, 2, 3),
      part(20, 9),
    ]);
    expect(() => joinSegments([part(8, 1, 2), part(9, 3)])).toThrow(/lie at 0x00000009/);
    expect(() => joinSegments([part(0xffff_ffff, 1, 2)])).toThrow(/exceed 32-bit/);
    const image = { segments: joinSegments([part(8, 1), part(11, 2)]), entry: null };
    expect(toBinary(image)).toEqual(part(8, 1, 0xff, 0xff, 2));
    expect(() => toBinary({ segments: [part(0, 1), part(0x1000_0000, 2)], entry: null })).toThrow(/spans/);
    expect(() => toBinary({ segments: [], entry: null })).toThrow(/empty/);
  });
});

describe('Intel HEX', () => {
  it('agrees with the specification', () => {
    const image = { segments: [{ address: 0x0800_fffe, bytes: Uint8Array.from([1, 2, 3]) }], entry: 0x0801_0001 };
    expect(writeHex(image)).toBe(
      ':020000040800F2\n:02FFFE000102FE\n:020000040801F1\n:0100000003FC\n:0400000508010001ED\n:00000001FF\n',
    );
  });

  it('is read as it was written', () => {
    fc.assert(fc.property(images, (image) => void expect(readHex(writeHex(image))).toEqual(image)));
  });

  it('reads segmented addresses and either line ending', () => {
    const text = ':020000021000EC\r\n:0400100001020304E2\r\n:0400000300003800C1\r\n:00000001FF\r\n';
    expect(readHex(text)).toEqual({
      segments: [{ address: 0x1_0010, bytes: Uint8Array.from([1, 2, 3, 4]) }],
      entry: 0x3800,
    });
  });

  it.each([
    ['', /no end record/],
    ['hello', /is not a record/],
    [':00000001FE\n', /wrong checksum/],
    [':0000000\n', /is not a record/],
    [':03000000010203F7\n:00000001FF\n', null],
    [':03000000010203F7\n', /no end record/],
    [':04000000010203F6\n:00000001FF\n', /another length/],
    [':00000001FF\n:03000000010203F7\n', /follows its end/],
    [':00000006FA\n', /unknown type 6/],
    [':0100000400FB\n', /wrong size/],
    [':03000000010203F7\n:0100020005F8\n:00000001FF\n', /lie at 0x00000002/],
    [':020000021000EC\n:02FFFF000102FD\n:00000001FF\n', /wraps/],
  ])('%j: %s', (text, sentence) => {
    if (sentence === null) expect(readHex(text).segments).toHaveLength(1);
    else expect(() => readHex(text)).toThrow(sentence);
  });

  it.skipIf(!INTELHEX)(named('intelhex reads ours, and we read its', INTELHEX, 'pip install intelhex'), () => {
    fc.assert(
      fc.property(images, (image) => {
        writeFileSync(at('ours.hex'), writeHex(image));
        const script = `
from intelhex import IntelHex
h = IntelHex('ours.hex')
print([[a, h.tobinstr(a, b - 1).hex()] for a, b in h.segments()], h.start_addr)
h.write_hex_file('theirs.hex')`;
        const [, segments, start] = /^(\[.*\]) (.*)$/.exec(tool(PYTHON, '-c', script).trim())!;
        expect(JSON.parse(segments!.replaceAll("'", '"'))).toEqual(plain(image));
        expect(start).toBe(image.entry === null ? 'None' : `{'EIP': ${image.entry}}`);
        expect(readHex(readFileSync(at('theirs.hex'), 'utf8'))).toEqual(image);
      }),
      { numRuns: 10 },
    );
  });
});

describe('UF2', () => {
  it('agrees with the specification', () => {
    const image = { segments: [{ address: 0x1000_0010, bytes: Uint8Array.from([7]) }], entry: null };
    const file = Buffer.from(writeUf2(image, 'nrf52840'));
    expect(file.length).toBe(512);
    expect(file.subarray(0, 32).toString('hex')).toBe(
      `5546320a57515d9e00200000${'00000010'}00010000${'00000000'}01000000${'4028a5ad'}`,
    );
    expect(file.subarray(32, 32 + 18).toString('hex')).toBe(`${'ff'.repeat(16)}07ff`);
    expect(file.subarray(508).toString('hex')).toBe('306fb10a');
    const rp2040 = writeUf2(image, 'rp2040');
    expect(rp2040.length).toBe(16 * 512);
  });

  it('is read as it was written, filled up to whole sectors, in any order of its blocks', () => {
    const families = fc.constantFrom(...(Object.keys(UF2_FAMILIES) as Uf2Family[]));
    fc.assert(
      fc.property(images, families, fc.integer(), (image, family, turn) => {
        const file = writeUf2(image, family);
        const blocks = Array.from({ length: file.length / 512 }, (_, i) => file.subarray(i * 512, (i + 1) * 512));
        const by = Math.abs(turn) % blocks.length;
        const back = readUf2(Buffer.concat([...blocks.slice(by), ...blocks.slice(0, by)]));
        const { id, sectorBytes } = UF2_FAMILIES[family];
        expect(back.family).toBe(id);
        for (const { address, bytes } of back.segments) {
          expect([address % sectorBytes, bytes.length % sectorBytes]).toEqual([0, 0]);
        }
        const memory = (one: Image, address: number) => {
          const segment = one.segments.find((s) => s.address <= address && address < s.address + s.bytes.length);
          return segment?.bytes[address - segment.address] ?? 0xff;
        };
        for (const { address, bytes } of [...image.segments, ...back.segments])
          for (const i of [0, bytes.length >> 1, bytes.length - 1])
            expect(memory(back, address + i)).toBe(memory(image, address + i));
        const total = (one: Image) =>
          one.segments.reduce((sum, s) => sum + s.bytes.reduce((a, b) => a + (b ^ 0xff), 0), 0);
        expect(total(back)).toBe(total(image));
      }),
    );
  });

  const good = () =>
    Buffer.from(writeUf2({ segments: [{ address: 0, bytes: new Uint8Array(600) }], entry: null }, 'stm32f4'));
  const word = (at: number, value: number) => (file: Buffer) => void file.writeUInt32LE(value, at);
  it.each<[string, (file: Buffer) => undefined | Buffer, RegExp]>([
    ['is empty', () => Buffer.alloc(0), /truncated/],
    ['is cut', (file) => file.subarray(0, -1), /truncated/],
    ['lacks a block', (file) => file.subarray(512), /of 3 in a file of 2/],
    ['has a wrong magic', word(0, 1), /Block 0 .* has no UF2 signature/],
    ['has a wrong second magic', word(4, 1), /has no UF2 signature/],
    ['has a wrong end', word(1020, 1), /Block 1 .* has no UF2 signature/],
    ['has a block twice', word(512 + 20, 0), /number 0 of 3/],
    ['has a block beyond its last', word(20, 3), /number 3 of 3/],
    ['has a payload too large', word(16, 480), /480 bytes/],
    ['has an uneven payload', word(16, 255), /255 bytes/],
    ['has an uneven address', word(12, 2), /at 0x00000002/],
    ['has two families', word(512 + 28, 1), /another chip/],
    ['loses its family', word(512 + 8, 0), /another chip/],
    ['gains a family', word(8, 0), /another chip/],
    ['is a file container', word(8, 0x3000), /part of a file/],
    ['overlaps', word(512 + 12, 128), /lie at 0x00000080/],
  ])('that %s is rejected', (_, harm, sentence) => {
    const file = good();
    expect(() => readUf2(harm(file) ?? file)).toThrow(sentence);
  });

  it.skipIf(!ADAFRUIT)(
    named("Adafruit's converter reads ours, and we read its", ADAFRUIT, 'pip install adafruit-uf2'),
    () => {
      const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) ^ (i >> 8));
      const image = { segments: [{ address: 0x0002_6000, bytes }], entry: null };
      writeFileSync(at('ours.uf2'), writeUf2(image, 'nrf52840'));
      const uf2conv = (...args: string[]) => tool(PYTHON, '-W', 'ignore', '-m', 'adafruit_uf2.uf2conv', ...args);
      uf2conv('-c', '-o', 'theirs.bin', 'ours.uf2');
      expect(readFileSync(at('theirs.bin')).subarray(0, 5000).equals(bytes)).toBe(true);
      writeFileSync(at('ours.bin'), bytes);
      uf2conv('-c', '-b', '0x26000', '-f', '0xADA52840', '-o', 'theirs.uf2', 'ours.bin');
      const theirs = readUf2(readFileSync(at('theirs.uf2')));
      expect(theirs.family).toBe(UF2_FAMILIES.nrf52840.id);
      expect(Buffer.from(theirs.segments[0]!.bytes.subarray(0, 5000)).equals(bytes)).toBe(true);
    },
  );
});

/** One segment of 16 bytes. */
function small(): Buffer {
  const file = Buffer.alloc(52 + 32 + 16);
  file.writeUInt32BE(0x7f45_4c46, 0);
  file.set([1, 1, 1], 4);
  for (const [at, value] of [
    [16, 2],
    [18, 40],
    [42, 32],
    [44, 1],
  ] as const)
    file.writeUInt16LE(value, at);
  for (const [at, value] of [
    [24, 0x101],
    [28, 52],
    [52, 1],
    [56, 84],
    [60, 0x2000],
    [64, 0x100],
    [68, 16],
    [72, 16],
  ] as const)
    file.writeUInt32LE(value, at);
  return file;
}

describe('ELF', () => {
  /** Code, initialised data whose load address isn't its run-time address, and a gap, as every board's linker script makes. */
  const SOURCE = `
extern int data_at; int table[40] = {1, 2, 3}; int zeros[100]; const char text[] = "moteware";
__attribute__((section(".late"))) const int late[3] = {7, 8, 9};
void reset(void) { for (volatile int i = 0; i < 40; i++) zeros[i] = table[i] + text[i & 7] + late[1]; for (;;) {} }`;
  const SCRIPT = `
MEMORY { FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 1M  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 64K }
ENTRY(reset)
SECTIONS {
  .text : { *(.text*) *(.rodata*) } > FLASH
  .data : { *(.data*) } > RAM AT > FLASH
  .bss (NOLOAD) : { *(.bss*) } > RAM
  .late 0x08020000 : { KEEP(*(.late)) } > FLASH
}`;
  it.skipIf(!BINUTILS)(
    named(
      'is read as binutils reads it, and binutils reads what is written from it',
      BINUTILS,
      'apt-get install gcc-arm-none-eabi',
    ),
    () => {
      writeFileSync(at('a.c'), SOURCE);
      writeFileSync(at('a.ld'), SCRIPT);
      tool('arm-none-eabi-gcc', ...'-mcpu=cortex-m4 -mthumb -nostdlib -O1 -T a.ld a.c -o a.elf'.split(' '));
      const elf = readElf(readFileSync(at('a.elf')));
      expect(elf.machine).toBe(40);
      expect(elf.segments).toHaveLength(2);
      tool('arm-none-eabi-objcopy', '-O', 'binary', '--gap-fill', '0xff', 'a.elf', 'a.bin');
      expect(Buffer.from(toBinary(elf).bytes).equals(readFileSync(at('a.bin')))).toBe(true);
      tool('arm-none-eabi-objcopy', '-O', 'ihex', 'a.elf', 'a.hex');
      const theirs = readHex(readFileSync(at('a.hex'), 'utf8'));
      expect([plain(theirs), theirs.entry]).toEqual([plain(elf), elf.entry]);
      writeFileSync(at('ours.hex'), writeHex(elf));
      tool('arm-none-eabi-objcopy', '-I', 'ihex', '-O', 'binary', '--gap-fill', '0xff', 'ours.hex', 'ours.bin');
      expect(readFileSync(at('ours.bin')).equals(readFileSync(at('a.bin')))).toBe(true);
      expect(tool('arm-none-eabi-objdump', '-f', 'ours.hex')).toContain(
        `start address 0x${elf.entry!.toString(16).padStart(8, '0')}`,
      );
    },
  );

  it('uses the load address, not the run-time address', () => {
    expect(readElf(small())).toEqual({
      machine: 40,
      entry: 0x101,
      segments: [{ address: 0x100, bytes: new Uint8Array(16) }],
    });
  });
  it.each<[string, (file: Buffer) => undefined | Buffer, RegExp]>([
    ['is empty', () => Buffer.alloc(0), /isn't an ELF file/],
    ['is another format', (file) => void file.fill(1, 0, 4), /isn't an ELF file/],
    ['is 64-bit', (file) => void file.fill(2, 4, 5), /32-bit/],
    ['is big-endian', (file) => void file.fill(2, 5, 6), /little-endian/],
    ['is an object', (file) => void file.writeUInt16LE(1, 16), /executable/],
    ['has its table beyond its end', (file) => void file.writeUInt32LE(0xffff_fff0, 28), /program headers lie beyond/],
    ['has more headers than bytes', (file) => void file.writeUInt16LE(40, 44), /program headers lie beyond/],
    ['has far too many headers', (file) => void file.writeUInt16LE(0xffff, 44), /65535 program headers/],
    ['has headers too small', (file) => void file.writeUInt16LE(8, 42), /of 8 bytes/],
    ['has a segment beyond its end', (file) => void file.writeUInt32LE(17, 68), /segment lies beyond/],
    ['has a segment far beyond its end', (file) => void file.writeUInt32LE(0xffff_ffff, 56), /segment lies beyond/],
    ['leaves 32-bit addresses', (file) => void file.writeUInt32LE(0xffff_fffc, 64), /exceed 32-bit/],
    ['loads nothing', (file) => void file.writeUInt32LE(2, 52), /no loadable segment/],
  ])('that %s is rejected', (_, harm, sentence) => {
    const file = small();
    expect(() => readElf(harm(file) ?? file)).toThrow(sentence);
  });
});

describe('every reader', () => {
  const READERS: [string, (bytes: Uint8Array) => Image, () => Uint8Array][] = [
    ['hex', (bytes) => readHex(Buffer.from(bytes).toString('latin1')), () => Buffer.from(writeHex(IMAGE))],
    ['uf2', readUf2, () => writeUf2(IMAGE, 'rp2040')],
    ['elf', readElf, small],
  ];
  const IMAGE: Image = { segments: [{ address: 0x1000_00f0, bytes: new Uint8Array(300).fill(0x5a) }], entry: 1 };
  it.each(READERS)('takes mutated bytes with a result or a sentence: %s', (_, read, seed) => {
    const good = seed();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
        const bytes = Uint8Array.from(good);
        for (const [i, value] of changes) bytes[i] = value;
        try {
          read(bytes);
        } catch (error) {
          expect((error as Error).name).toBe('MoteError');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
