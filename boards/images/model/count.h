/* Instructions that the processor has run, where it or its emulator tells. */
#ifndef MOTE_COUNT_H
#define MOTE_COUNT_H

#include <stdint.h>

/*
 * In QEMU with -icount shift=0 each instruction is a nanosecond. A Cortex-M reads it from SysTick, in steps of the processor's clock (40 at
 * 25 MHz), RISC-V counts singly. 0 on `linux`, which doesn't tell.
 */
uint64_t count_instructions(void);

#endif
