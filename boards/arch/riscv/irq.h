/* Disabling interrupts, and sleep, on RISC-V in machine mode. */
#ifndef MOTE_IRQ_H
#define MOTE_IRQ_H

#include <stdint.h>

#include "csr.h"

static inline uint32_t irq_off(void)
{
    uint32_t state;
    CSR("csrrci %0, mstatus, 8", "=r"(state));
    return state & 8;
}

static inline void irq_restore(uint32_t state)
{
    CSR_WRITE("csrs mstatus, %0", state);
}

/* Sleeps until an interrupt is pending, even while they are disabled. */
static inline void irq_wait(void)
{
    __asm volatile("wfi" ::: "memory");
}

#endif
