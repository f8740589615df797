/*
 * Time on a Cortex-M. SysTick counts rounds and interrupts once a round, and the microseconds of whole rounds are added
 * up. SysTick has no compare register, so the board provides an alarm, which is needed only in the last round before a
 * deadline.
 */
#include "alarm.h"
#include "board.h"
#include "irq.h"
#include "platform/bare/chip.h"
#include "platform/bare/uart.h"
#include "scb.h"

/* The longest round that fits the 24 bits of SysTick: half, a quarter, ... of a second. */
#define TICKS_PER_US (CLOCK_HZ / 1000000u)
#define ROUND_US (CLOCK_HZ <= 33000000u ? 500000u : CLOCK_HZ <= 67000000u ? 250000u : 100000u)
#define ROUND_TICKS (ROUND_US * TICKS_PER_US)
_Static_assert(CLOCK_HZ % 1000000 == 0 && ROUND_TICKS < 1u << 24, "whole ticks in a microsecond");

void clock_interrupt(void);

static volatile uint64_t round_start_us;
static uint64_t asleep_us;

void clock_interrupt(void)
{
    uint32_t state = irq_off();
    round_start_us += ROUND_US;
    irq_restore(state);
}

void clock_start(void)
{
    SYST_RVR = ROUND_TICKS - 1;
    SYST_CVR = 0;
    SYST_CSR = 7; /* on, interrupt, the processor's clock */
}

/* The count goes from ROUND_TICKS - 1 down to 0, and the interrupt is due at 0: a round starts with 0. */
uint64_t chip_now_us(void)
{
    uint32_t state = irq_off();
    uint32_t left = SYST_CVR;
    uint64_t start = round_start_us;
    if (ICSR & ICSR_PENDSTSET) {
        left = SYST_CVR;
        start += ROUND_US;
    }
    irq_restore(state);
    return start + (left == 0 ? 0 : ROUND_TICKS - left) / TICKS_PER_US;
}

void chip_sleep_until(uint64_t until_us)
{
    bool alarm = false;
    for (;;) {
        uint32_t state = irq_off();
        uint64_t now = chip_now_us();
        if (now >= until_us || uart_wakes()) {
            irq_restore(state);
            break;
        }
        if (until_us - now < ROUND_US) {
            alarm_set((uint32_t)(until_us - now) * TICKS_PER_US);
            alarm = true;
        }
        irq_wait();
        asleep_us += chip_now_us() - now;
        irq_restore(state);
    }
    if (alarm)
        alarm_clear();
}

uint64_t chip_asleep_us(void)
{
    return asleep_us;
}
