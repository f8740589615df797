/* Subsystem resets (DS 2.14): a device is held in reset until it is let go. */
#ifndef MOTE_RESETS_H
#define MOTE_RESETS_H

#include "arch/cortex-m/scb.h"

/* Writes to this alias of a register clear the bits that are set (DS 2.1.2). */
#define CLEAR_BITS(address) REGISTER((address) + 0x3000)
#define SET_BITS(address) REGISTER((address) + 0x2000)

#define RESETS_RESET 0x4000C000u
#define RESETS_DONE REGISTER(0x4000C008)
enum {
    RESET_ADC = 1 << 0,
    RESET_IO = 1 << 5,
    RESET_PADS = 1 << 8,
    RESET_PLL_SYS = 1 << 12,
    RESET_PLL_USB = 1 << 13,
    RESET_TIMER = 1 << 21,
    RESET_UART0 = 1 << 22,
};

static inline void let_go(uint32_t devices)
{
    SET_BITS(RESETS_RESET) = devices;
    CLEAR_BITS(RESETS_RESET) = devices;
    while ((RESETS_DONE & devices) != devices)
        ;
}

#endif
