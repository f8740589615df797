/* The system timer (TRM 10): 52 bits, 16 ticks a microsecond by the crystal, also while the processor sleeps. */
#ifndef MOTE_TIMER_H
#define MOTE_TIMER_H

#include "board.h"

#define TIMER(offset) REGISTER(0x60023000 + (offset))
#define TIMER_CONF TIMER(0x00)
#define TIMER_LATCH TIMER(0x04)
#define TIMER_LOAD_HIGH TIMER(0x0C)
#define TIMER_LOAD_LOW TIMER(0x10)
#define TIMER_HIGH TIMER(0x40)
#define TIMER_LOW TIMER(0x44)
#define TIMER_LOAD_TAKE TIMER(0x5C)
#define TIMER_LATCH_NOW (1u << 30)
#define TIMER_LATCHED (1u << 29)
#define TIMER_TICKS_PER_US 16u

/* Two of its three targets: the clock's deadlines, the converter's period. */
enum { TARGET_ALARM = 0, TARGET_SAMPLE = 1 };
#define TARGET_HIGH(n) TIMER(0x1C + 8 * (n))
#define TARGET_LOW(n) TIMER(0x20 + 8 * (n))
#define TARGET_CONF(n) TIMER(0x34 + 4 * (n))
#define TARGET_TAKE(n) TIMER(0x50 + 4 * (n))
#define TARGET_AGAIN_AND_AGAIN (1u << 30)
/* CONF. */
#define TARGET_ON(n) (1u << (24 - (n)))
/* These three. */
#define TIMER_INT_ENA TIMER(0x64)
#define TIMER_INT_CLR TIMER(0x6C)
#define TIMER_INT_ST TIMER(0x70)
#define TARGET_IRQ(n) (1u << (n))

#endif
