import { expect, test } from 'vitest';
import { footprintOf, totalOf } from './footprint.ts';

const MAP = `Archive member included
 .text.lost     0x00000000       0x10 /x/boards/link/frame.c.o

Linker script and memory map

.text           0x00000000      0x148
 *(.vectors)
 .vectors       0x00000000       0x40 /x/boards/arch/cortex-m/startup.c.o
 .text.short    0x00000040       0x20 /x/boards/base/crc32.c.o
 .text.a_name_that_is_too_long_for_its_line
                0x00000060       0x62 /x/boards/runtime/interpreter.c.o
                0x00000060                a_name_that_is_too_long_for_its_line
 *fill*         0x000000c2        0x2 
 .text.load     0x000000c4       0x30 /x/boards/runtime/instance.c.o
 .text.send     0x000000f4       0x10 /x/boards/link/frame.c.o
 .text.fe_mul   0x00000104       0x20 /x/boards/crypto/ed25519.c.o
 .text          0x00000124        0x8 /usr/lib/libc_nano.a(lib_a-memcpy.o)
 .text.nor      0x0000012c        0xc /x/boards/platform/emulated/nor.c.o
 .text.stub     0x00000138        0x8 linker stubs
 .text.none     0x00000140        0x0 /x/anything.o

.rodata         0x00000148       0x18
 .rodata.text   0x00000148       0x18 /x/boards/agent/vitals.c.o

.stack          0x20000000      0x800
                0x20000000                memory_stack = .
 *fill*         0x20000000      0x800 

.data           0x20000800        0x8 load address 0x00000160
 .data.x        0x20000800        0x8 /x/boards/targets/mps2-an386/board.c.o

.bss            0x20000808       0x28 load address 0x00000168
 .bss.y         0x20000808       0x20 /x/boards/kernels/kernels.c.o
 COMMON         0x20000828        0x8 /x/boards/flash/kv.c.o

.debug_info     0x00000000     0x1000
 .debug_info    0x00000000     0x1000 /x/boards/agent/vitals.c.o
`;

test('each section counts for its part, data twice, gaps for the section before, and discarded sections not at all', () => {
  const parts = footprintOf(MAP);
  expect(parts).toEqual({
    wasm3: { flash: 0x64, ram: 0 },
    runtime: { flash: 0x30, ram: 0 },
    kernels: { flash: 0, ram: 0x20 },
    link: { flash: 0x10, ram: 0 },
    cbor: { flash: 0, ram: 0 },
    flash: { flash: 0, ram: 8 },
    update: { flash: 0, ram: 0 },
    crypto: { flash: 0x20, ram: 0 },
    package: { flash: 0, ram: 0 },
    agent: { flash: 0x18, ram: 0 },
    base: { flash: 0x20, ram: 0 },
    board: { flash: 0x40 + 8 + 8, ram: 8 },
    emulation: { flash: 0xc, ram: 0 },
    libc: { flash: 8, ram: 0 },
    stack: { flash: 0, ram: 0x800 },
  });
  expect(totalOf(parts)).toEqual({ flash: 0x140 + 0x18 + 8, ram: 0x830 });
});

test('a text that is not a map, or names an unknown object, is rejected', () => {
  expect(() => footprintOf('nothing')).toThrow(expect.objectContaining({ code: 'BOARD_MAP' }));
  expect(() => footprintOf(MAP.replace('/x/boards/platform/emulated/nor.c.o', '/z/nor.o'))).toThrow(
    expect.objectContaining({ code: 'BOARD_MAP' }),
  );
});
