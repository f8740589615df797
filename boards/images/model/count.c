/* Counts instructions by the emulated clock. */
#include "count.h"

#if defined(__riscv)

#include "arch/riscv/csr.h"

uint64_t count_instructions(void)
{
    uint32_t low;
    uint32_t high;
    uint32_t again;
    do {
        CSR("csrr %0, minstreth", "=r"(high));
        CSR("csrr %0, minstret", "=r"(low));
        CSR("csrr %0, minstreth", "=r"(again));
    } while (high != again);
    return (uint64_t)high << 32 | low;
}

#elif defined(__arm__)

#include "arch/cortex-m/scb.h"
#include "board.h"
#include "platform/bare/chip.h"

#define NS_PER_TICK (1000000000u / CLOCK_HZ)
#define TICKS_PER_US (CLOCK_HZ / 1000000u)
_Static_assert(1000000000u % CLOCK_HZ == 0, "whole nanoseconds in a tick");

/* chip_now_us has whole microseconds. SysTick has the rest, if both were read within the same one. */
uint64_t count_instructions(void)
{
    uint64_t us;
    uint32_t left;
    do {
        us = chip_now_us();
        left = SYST_CVR;
    } while (chip_now_us() != us);
    const uint32_t ticks = left == 0 ? 0 : SYST_RVR + 1 - left;
    return us * 1000 + ticks % TICKS_PER_US * NS_PER_TICK;
}

#else

uint64_t count_instructions(void)
{
    return 0;
}

#endif
