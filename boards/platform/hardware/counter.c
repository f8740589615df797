/*
 * Time from a 32-bit counter of microseconds. It wraps every 71 minutes, so a longer sleep wakes in between to detect
 * that.
 */
#include "counter.h"

#include "irq.h"
#include "platform/bare/chip.h"
#include "platform/bare/uart.h"

#define LONGEST_US 1000000000u
/* An alarm that is closer might be missed. */
#define SHORTEST_US 20u

static uint32_t rounds, last;
static uint64_t asleep_us;

uint64_t chip_now_us(void)
{
    uint32_t state = irq_off();
    uint32_t now = counter_now();
    if (now < last)
        rounds++;
    last = now;
    uint64_t us = (uint64_t)rounds << 32 | now;
    irq_restore(state);
    return us;
}

void chip_sleep_until(uint64_t until_us)
{
    for (;;) {
        uint32_t state = irq_off();
        uint64_t now = chip_now_us();
        if (now >= until_us || uart_wakes()) {
            irq_restore(state);
            break;
        }
        uint64_t left = until_us - now;
        if (left >= SHORTEST_US) {
            const uint32_t at = (uint32_t)(now + (left < LONGEST_US ? left : LONGEST_US));
            counter_alarm(at);
            /* Code in slow flash may have set it too late: an alarm in the past never comes. */
            if ((int32_t)(at - counter_now()) > 0)
                irq_wait();
            asleep_us += chip_now_us() - now;
        }
        irq_restore(state);
    }
    counter_alarm_off();
}

uint64_t chip_asleep_us(void)
{
    return asleep_us;
}
