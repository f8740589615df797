/*
 * Arm's watchdog SP805, which CMSDK and Stellaris also have. It counts down twice. The end of the first round is an
 * interrupt, which records where the processor hung and restarts it. The end of the second round is a reset, in case
 * the interrupt hangs as well.
 */
#include "arch/cortex-m/scb.h"
#include "board.h"
#include "platform/bare/chip.h"
#include "platform/hal.h"

#define WATCHDOG_LOAD REGISTER(WATCHDOG_BASE)
#define WATCHDOG_LEFT REGISTER(WATCHDOG_BASE + 0x4)
#define WATCHDOG_CONTROL REGISTER(WATCHDOG_BASE + 0x8)
#define WATCHDOG_LOCK REGISTER(WATCHDOG_BASE + 0xC00)
#define WATCHDOG_UNLOCKED 0x1ACCE551u

/* A millisecond. */
#define SHORTEST_TICKS (CLOCK_HZ / 1000)

static uint32_t timeout_ticks, held_ticks;

/* Restarts the count. */
static void load(uint32_t ticks)
{
    WATCHDOG_LOCK = WATCHDOG_UNLOCKED;
    WATCHDOG_LOAD = ticks;
    WATCHDOG_LOCK = 0;
}

void hal_watchdog_start(uint32_t timeout_ms)
{
    uint64_t ticks = (uint64_t)timeout_ms * (CLOCK_HZ / 1000);
    timeout_ticks = ticks > UINT32_MAX ? UINT32_MAX : ticks == 0 ? SHORTEST_TICKS : (uint32_t)ticks;
    load(timeout_ticks);
    WATCHDOG_LOCK = WATCHDOG_UNLOCKED;
    WATCHDOG_CONTROL = 3; /* interrupt, reset */
    WATCHDOG_LOCK = 0;
}

void hal_watchdog_feed(void)
{
    if (timeout_ticks != 0)
        load(timeout_ticks);
}

/*
 * Continues where it was, so that a call of the host does not feed the watchdog. The loaded value is also the length of
 * the second round, in which the interrupt of the first one must finish. Each pause costs one tick; otherwise a loop of
 * pauses between two ticks could last forever.
 */
void chip_watchdog_hold(bool hold)
{
    if (timeout_ticks == 0)
        return;
    if (hold) {
        uint32_t left = WATCHDOG_LEFT;
        held_ticks = left > SHORTEST_TICKS ? left - 1 : 0;
        if (held_ticks != 0)
            load(UINT32_MAX);
    } else if (held_ticks != 0) {
        load(held_ticks);
    }
}
