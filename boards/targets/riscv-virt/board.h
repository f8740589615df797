/* QEMU's generic RISC-V board `virt`: where its devices are. */
#ifndef MOTE_BOARD_H
#define MOTE_BOARD_H

#define CLOCK_HZ 10000000u /* of mtime */
#define CLINT_BASE 0x02000000u
#define DEVICES_END 0x10001000u

#endif
