/** Images of boards that nobody has run: the properties that can be checked without the chip. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { flashRegion, MemoryFlash } from '../../host/device/flash/index.ts';
import { DEFAULT_LAYOUT, readIdentity } from '../../host/device/node/index.ts';
import { generateKeyPair, keyId } from '../../host/device/package/index.ts';
import { SlotStore } from '../../host/device/update/index.ts';
import {
  type Board,
  buildImage,
  findTool,
  loadBoard,
  nodeSegment,
  readElf,
  readUf2,
  type Segment,
  writeUf2,
} from '../../host/toolchain/board/index.ts';
import { missingSources } from '../sources.ts';

const missing = await Promise.all([findTool('arm-none-eabi'), findTool('riscv64-unknown-elf')]).then(
  () => missingSources('images/agent'),
  (error: Error) => error.message,
);
if (missing) process.stderr.write(`ports: skipped: ${missing}\n`);

/** Interrupt numbers in a Cortex-M's vector table, and where the table begins in the image. */
const PORTS = [
  { name: 'nrf52840', vectors: { irqs: 48, at: 0, watchdogIrq: 16 } },
  { name: 'stm32f4', vectors: { irqs: 91, at: 0, watchdogIrq: null } },
  { name: 'rp2040', vectors: { irqs: 32, at: 256, watchdogIrq: null } },
  { name: 'esp32c3', vectors: null },
];
const MODULE_HEAP = 96 * 1024;

describe.skipIf(missing).each(PORTS)('the image for $name', ({ name, vectors }) => {
  let board: Board;
  let segments: Segment[];
  let code: DataView;
  let symbols: Map<string, number>;
  let undefinedSymbols: string;

  beforeAll(async () => {
    board = loadBoard(name);
    const { elf } = await buildImage(board, { image: 'agent' });
    segments = readElf(readFileSync(elf)).segments;
    const { buffer, byteOffset, length } = segments[0]!.bytes;
    code = new DataView(buffer, byteOffset, length);
    const nm = (...args: string[]) => execFileSync(`${board.cpu.toolchain}-nm`, [...args, elf], { encoding: 'utf8' });
    undefinedSymbols = nm('-u');
    const lines = nm().trim().split('\n');
    symbols = new Map(lines.map((line) => [line.split(' ')[2]!, Number.parseInt(line, 16)]));
  }, 300_000);

  const { firmware, ram } = loadBoard(name).memory!;
  const symbol = (what: string) => {
    const value = symbols.get(what);
    if (value === undefined) throw new Error(`${name} has no ${what}`);
    return value;
  };

  it('is inside its flash, and needs no undefined symbol', () => {
    expect(segments[0]!.address).toBe(firmware.origin);
    for (const { address, bytes } of segments)
      expect(address + bytes.length).toBeLessThanOrEqual(firmware.origin + firmware.bytes);
    expect(undefinedSymbols).toBe('');
  });

  if (vectors !== null)
    it('begins with vectors that point into its code', () => {
      const { irqs, at: vectorsAt, watchdogIrq } = vectors;
      const vector = (i: number) => code.getUint32(vectorsAt + 4 * i, true);
      expect(symbol('memory_vectors')).toBe(firmware.origin + vectorsAt);
      // The address of the table is a multiple of its size, rounded up to a power of two.
      expect(symbol('memory_vectors') % 2 ** Math.ceil(Math.log2(4 * (16 + irqs)))).toBe(0);
      expect(vector(0)).toBe(symbol('memory_irq_stack_top'));
      expect(vector(0) % 8).toBe(0);
      expect(vector(1)).toBe(symbol('reset_entry') | 1);
      const fault = symbol('fault_entry') | 1;
      expect([2, 3, 11, 14].map(vector)).toEqual([fault, fault, fault, fault]);
      expect(vector(15)).toBe(symbol('clock_interrupt') | 1);
      const interrupt = symbol('interrupt_entry') | 1;
      for (let irq = 0; irq < irqs; irq++)
        expect(vector(16 + irq), `interrupt ${irq}`).toBe(irq === watchdogIrq ? fault : interrupt);
      // Behind the vectors is code, not another vector.
      expect(vector(16 + irqs)).not.toBe(interrupt);
    });

  it('has its stack at the start of RAM, so that an overflow faults, and leaves memory for modules', () => {
    expect(symbol('memory_stack')).toBe(ram.origin);
    expect(symbol('memory_stack_top') - symbol('memory_stack')).toBe(board.memory!.stackBytes);
    expect(symbol('memory_ram_end')).toBe(ram.origin + ram.bytes);
    expect(symbol('memory_ram_end') - symbol('memory_heap')).toBeGreaterThan(MODULE_HEAP);
    expect(symbol('memory_flash_end')).toBe(board.flash.origin! + board.flash.bytes);
  });

  it('is marked as never run', () => {
    expect(board.run).toBeNull();
    expect(board.neverRun).toMatch(/on the hardware/);
  });

  it('can be built with the flash of a new node, which the node then opens', () => {
    const { publicKey } = generateKeyPair();
    const bytes = new Uint8Array(1000).fill(7);
    const segment = nodeSegment(board, { id: 'n-1', publicKeys: [publicKey], first: { sequence: 4, bytes } });
    const { origin, bytes: sizeBytes, page: pageBytes, write: writeBytes } = board.flash;
    expect(segment.address).toBe(origin);
    const image = new Uint8Array(sizeBytes).fill(0xff);
    image.set(segment.bytes);
    const flash = new MemoryFlash({ sizeBytes, pageBytes, writeBytes, image });
    const identity = readIdentity(flash);
    expect([identity.id, identity.publicKeys.map(keyId)]).toEqual(['n-1', [keyId(publicKey)]]);
    const first = DEFAULT_LAYOUT.agentPages + DEFAULT_LAYOUT.kvPages;
    const slots = SlotStore.open(flashRegion(flash, first, sizeBytes / pageBytes - first));
    expect(slots.active()).toMatchObject({ sequence: 4, state: 'confirmed', total: 1000 });
  });
});

describe.skipIf(missing)('the image for rp2040', () => {
  it('begins with the boot block that its ROM checks and loads', async () => {
    const { elf } = await buildImage(loadBoard('rp2040'), { image: 'agent' });
    const start = readElf(readFileSync(elf)).segments[0]!.bytes.subarray(0, 256);
    // RP2040 datasheet, section 2.8.1.3.1.
    let crc = 0xffff_ffff;
    for (const byte of start.subarray(0, 252)) {
      crc ^= byte << 24;
      for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c1_1db7 : 0);
    }
    expect(new DataView(start.buffer, start.byteOffset).getUint32(252, true)).toBe(crc >>> 0);
    // It is copied to RAM, so it must be position-independent: its only absolute addresses are devices and the vectors
    // behind it.
    expect(start.subarray(0x50, 252).every((byte) => byte === 0)).toBe(true);
  });

  it('is written to the board as a UF2 file of its family', async () => {
    const { elf } = await buildImage(loadBoard('rp2040'), { image: 'agent' });
    const image = readElf(readFileSync(elf));
    const back = readUf2(writeUf2(image, 'rp2040'));
    expect(back.family).toBe(0xe48b_ff56);
    expect(back.segments[0]!.address).toBe(0x1000_0000);
    const { bytes } = image.segments[0]!;
    expect(Buffer.compare(back.segments[0]!.bytes.subarray(0, bytes.length), bytes)).toBe(0);
  });

  it('has the code that writes the flash in RAM, and it calls nothing in the flash', async () => {
    const { elf } = await buildImage(loadBoard('rp2040'), { image: 'agent' });
    const text = execFileSync('arm-none-eabi-objdump', ['-d', '-j', '.data', elf], { encoding: 'utf8' });
    const work = text.slice(text.indexOf('<work>:')).split('\n\n')[0]!;
    const addresses = [...work.matchAll(/^([0-9a-f]{8}):/gm)].map(([, address]) => Number.parseInt(address!, 16));
    expect(addresses.length).toBeGreaterThan(10);
    for (const address of addresses) expect(address).toBeGreaterThanOrEqual(0x2000_0000);
    expect(work).not.toMatch(/\bbl\t/);
    // None of its constants is an address in the flash.
    const words = [...work.matchAll(/\.word\t0x([0-9a-f]{8})/g)].map(([, word]) => Number.parseInt(word!, 16));
    expect(words.length).toBeGreaterThan(0);
    for (const word of words) expect(word >>> 24, word.toString(16)).not.toBe(0x10);
  });
});
