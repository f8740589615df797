/*
 * The memory protection unit lets nobody write the flash; its driver suspends it for the moment of a write, with
 * interrupts off.
 */
#ifndef MOTE_UNLOCK_H
#define MOTE_UNLOCK_H

#include "irq.h"
#include "arch/cortex-m/scb.h"

/* Gives what lock needs to leave both as they were: PRIMASK in bit 0, whether the protection was on above. */
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
