/*
 * Time from mtime, which has 64 bits and never stops. Its one compare register wakes sleepers. A chip of this kind may
 * lack a watchdog, so it also replaces one: an interrupt that finds the node unfed restarts it. That does not help
 * while interrupts are off.
 */
#include "clint.h"

#include "board.h"
#include "csr.h"
#include "irq.h"
#include "platform/bare/chip.h"
#include "platform/bare/retained.h"
#include "platform/bare/uart.h"
#include "platform/hal.h"

#define WORD(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define COMPARE_LOW WORD(CLINT_BASE + 0x4000)
#define COMPARE_HIGH WORD(CLINT_BASE + 0x4004)
#define TIME_LOW WORD(CLINT_BASE + 0xBFF8)
#define TIME_HIGH WORD(CLINT_BASE + 0xBFFC)
#define TICKS_PER_US (CLOCK_HZ / 1000000u)
_Static_assert(CLOCK_HZ % 1000000u == 0, "whole ticks in a microsecond");
/* A day. */
#define FAR_TICKS ((uint64_t)CLOCK_HZ * 86400u)

static uint64_t start_ticks, asleep_us;
static volatile uint64_t alarm_ticks = UINT64_MAX;
/* When the watchdog expires; while it is paused, the time that it had left. */
static volatile uint64_t expiry_ticks = UINT64_MAX;
static uint64_t held_ticks, timeout_ticks;

static uint64_t ticks(void)
{
    uint32_t high, low;
    do {
        high = TIME_HIGH;
        low = TIME_LOW;
    } while (high != TIME_HIGH);
    return (uint64_t)high << 32 | low;
}

/*
 * Sets the register to the earlier of the two, or far away: an emulator whose time is instructions goes to the end of
 * time if a restart finds nothing nearer. Interrupts are off, so a half-written register has no effect.
 */
static void set_compare(void)
{
    uint64_t next = ticks() + FAR_TICKS;
    if (alarm_ticks < next)
        next = alarm_ticks;
    if (expiry_ticks < next)
        next = expiry_ticks;
    COMPARE_LOW = (uint32_t)next;
    COMPARE_HIGH = (uint32_t)(next >> 32);
}

static void set_alarm(uint64_t at)
{
    uint32_t state = irq_off();
    alarm_ticks = at;
    set_compare();
    irq_restore(state);
}

static void set_expiry(uint64_t at)
{
    uint32_t state = irq_off();
    expiry_ticks = at;
    set_compare();
    irq_restore(state);
}

void clint_start(void)
{
    start_ticks = ticks();
    set_alarm(UINT64_MAX);
    uint32_t timer = 1u << 7;
    CSR_WRITE("csrs mie, %0", timer);
}

void clint_interrupt(uint32_t pc)
{
    uint64_t now = ticks();
    if (now >= expiry_ticks) {
        retained_note(HAL_BOOT_WATCHDOG, &(struct hal_fault){.kind = 0x80000007u, .pc = pc});
        hal_reset();
    }
    set_alarm(now >= alarm_ticks ? UINT64_MAX : alarm_ticks);
}

uint64_t chip_now_us(void)
{
    return (ticks() - start_ticks) / TICKS_PER_US;
}

void chip_sleep_until(uint64_t until_us)
{
    bool ever = until_us <= (UINT64_MAX - start_ticks) / TICKS_PER_US - 1;
    for (;;) {
        uint32_t state = irq_off();
        uint64_t now = chip_now_us();
        if (now >= until_us || uart_wakes()) {
            irq_restore(state);
            break;
        }
        set_alarm(ever ? start_ticks + until_us * TICKS_PER_US : UINT64_MAX);
        irq_wait();
        asleep_us += chip_now_us() - now;
        irq_restore(state);
    }
    set_alarm(UINT64_MAX);
}

uint64_t chip_asleep_us(void)
{
    return asleep_us;
}

void hal_watchdog_start(uint32_t timeout_ms)
{
    timeout_ticks = (uint64_t)timeout_ms * (CLOCK_HZ / 1000u);
    set_expiry(ticks() + timeout_ticks);
}

void hal_watchdog_feed(void)
{
    if (timeout_ticks != 0)
        set_expiry(ticks() + timeout_ticks);
}

void chip_watchdog_hold(bool hold)
{
    if (timeout_ticks == 0)
        return;
    if (!hold) {
        set_expiry(ticks() + held_ticks);
        return;
    }
    /* Each pause costs one tick. Otherwise a loop of pauses between two ticks could last forever. */
    uint64_t now = ticks() + 1;
    held_ticks = expiry_ticks > now ? expiry_ticks - now : 0;
    set_expiry(UINT64_MAX);
}
