/* The number of instructions that the processor has executed, if the emulator shows it. */
#ifndef MOTE_COUNT_H
#define MOTE_COUNT_H

#include <stdint.h>

/*
 * In QEMU with -icount shift=0 each instruction takes one nanosecond. A Cortex-M reads it from SysTick, in steps of the
 * processor's clock (40 at 25 MHz); RISC-V counts each instruction. Returns 0 on `linux`.
 */
uint64_t count_instructions(void);

#endif
