/*
 * The memory protection unit forbids all writes to the flash. The flash driver suspends it during a write, with
 * interrupts off.
 */
#ifndef MOTE_UNLOCK_H
#define MOTE_UNLOCK_H

#include "arch/cortex-m/scb.h"
#include "irq.h"

/* Returns what lock needs to restore both: PRIMASK in bit 0, and above it whether the protection was on. */
static inline uint32_t unlock(void)
{
    uint32_t state = irq_off() | MPU_CTRL << 1;
    MPU_CTRL = 0;
    __asm volatile("dsb\n isb" ::: "memory");
    return state;
}

static inline void lock(uint32_t state)
{
    MPU_CTRL = state >> 1;
    __asm volatile("dsb\n isb" ::: "memory");
    irq_restore(state & 1);
}

#endif
