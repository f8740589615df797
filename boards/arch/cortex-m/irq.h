/* Disabling interrupts, and sleep, on Cortex-M. */
#ifndef MOTE_IRQ_H
#define MOTE_IRQ_H

#include <stdint.h>

static inline uint32_t irq_off(void)
{
    uint32_t state;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(state)::"memory");
    return state;
}

static inline void irq_restore(uint32_t state)
{
    __asm volatile("msr primask, %0" ::"r"(state) : "memory");
}

/* Sleeps until an interrupt is pending, even a disabled one. */
static inline void irq_wait(void)
{
    __asm volatile("dsb\n wfi" ::: "memory");
}

#endif
