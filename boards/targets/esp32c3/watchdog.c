/*
 * Watchdogs (TRM 12). Those of timer group 0 and of the RTC guard the boot, and the super watchdog guards those; the
 * first becomes the agent's. It interrupts when it expires, so that is recorded where the processor hung, and resets
 * the chip a second later where interrupts stay off.
 */
#include "watchdog.h"

#include "board.h"
#include "matrix.h"
#include "platform/bare/retained.h"
#include "platform/hal.h"

#define GROUP(n) (0x6001F000u + 0x1000u * (n))
#define WDT_CONFIG(group) REGISTER((group) + 0x48)
#define WDT_PRESCALE(group) REGISTER((group) + 0x4C)
#define WDT_STAGE_MS(group, n) REGISTER((group) + 0x50 + 4 * (n))
#define WDT_FEED(group) REGISTER((group) + 0x60)
#define WDT_KEY(group) REGISTER((group) + 0x64)
#define WDT_INTERRUPTS(group) REGISTER((group) + 0x70)
#define WDT_ON (1u << 31)
/* What a stage does when its time is over: its counter begins anew, and the next stage follows. */
#define WDT_INTERRUPTS_FIRST (1u << 29)
#define WDT_RESETS_SECOND (3u << 27)
#define WDT_TAKE_OVER (1u << 22)
#define WDT_BY_CRYSTAL (1u << 21)
#define WDT_LONG_RESET (7u << 18 | 7u << 15)
#define WDT_INTERRUPT (1u << 1)

#define RTC_WDT_CONFIG REGISTER(0x60008090)
#define RTC_WDT_KEY REGISTER(0x600080A8)
#define SUPER_CONFIG REGISTER(0x600080AC)
#define SUPER_KEY REGISTER(0x600080B0)
#define SUPER_FEEDS_ITSELF (1u << 31)

/* Their registers can be written while these are in their keys. */
#define KEY 0x50D83AA1u
#define KEY_OF_SUPER 0x8F1D312Au

/* Why the processor was reset (TRM 6), in the lowest six bits. */
#define RESET_STATE REGISTER(0x60008038)
#define RESET_REASONS 0x3Fu
/* The groups' and the RTC's watchdogs, each for processor, core or all but the analog part; the super watchdog. */
#define BY_WATCHDOG \
    (1u << 0x07 | 1u << 0x08 | 1u << 0x09 | 1u << 0x0B | 1u << 0x0D | 1u << 0x10 | 1u << 0x11 | 1u << 0x12)

/* Ticks of a millisecond. */
#define PRESCALE (CRYSTAL_HZ / 1000u)
_Static_assert(PRESCALE <= UINT16_MAX, "it has 16 bits");
#define SECOND_STAGE_MS 1000u

void watchdog_quiet(void)
{
    for (uint32_t n = 0; n < 2; n++) {
        WDT_KEY(GROUP(n)) = KEY;
        WDT_CONFIG(GROUP(n)) = WDT_TAKE_OVER;
        WDT_KEY(GROUP(n)) = 0;
    }
    RTC_WDT_KEY = KEY;
    RTC_WDT_CONFIG = 0;
    RTC_WDT_KEY = 0;
    SUPER_KEY = KEY_OF_SUPER;
    SUPER_CONFIG |= SUPER_FEEDS_ITSELF;
    SUPER_KEY = 0;
}

void watchdog_note_reset(void)
{
    uint32_t reason = RESET_STATE & RESET_REASONS;
    if (reason < 32 && (BY_WATCHDOG & 1u << reason) != 0)
        retained_unnoted(HAL_BOOT_WATCHDOG);
}

void watchdog_interrupt(uint32_t pc)
{
    retained_note(HAL_BOOT_WATCHDOG, &(struct hal_fault){.kind = 0x80000000u | WATCHDOG_LINE, .pc = pc});
    hal_reset();
}

void hal_watchdog_start(uint32_t timeout_ms)
{
    uint32_t group = GROUP(0);
    matrix_connect(WATCHDOG_SOURCE, WATCHDOG_LINE);
    WDT_KEY(group) = KEY;
    WDT_PRESCALE(group) = PRESCALE << 16;
    WDT_STAGE_MS(group, 0) = timeout_ms;
    WDT_STAGE_MS(group, 1) = SECOND_STAGE_MS;
    WDT_INTERRUPTS(group) = WDT_INTERRUPT;
    WDT_CONFIG(group) =
        WDT_ON | WDT_INTERRUPTS_FIRST | WDT_RESETS_SECOND | WDT_TAKE_OVER | WDT_BY_CRYSTAL | WDT_LONG_RESET;
    WDT_FEED(group) = 1;
    WDT_KEY(group) = 0;
}

void hal_watchdog_feed(void)
{
    WDT_KEY(GROUP(0)) = KEY;
    WDT_FEED(GROUP(0)) = 1;
    WDT_KEY(GROUP(0)) = 0;
}
