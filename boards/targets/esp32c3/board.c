/* ESP32-C3: clocks, counter, noise, restart. */
#include "board.h"

#include "matrix.h"
#include "platform/bare/chip.h"
#include "platform/bare/retained.h"
#include "platform/bare/uart.h"
#include "platform/hal.h"
#include "platform/hardware/counter.h"
#include "platform/hardware/hardware.h"
#include "timer.h"
#include "watchdog.h"

/* Clocks (TRM 6). The boot ROM runs the processor from the crystal, and leaves the PLL on at 480 MHz. */
#define CPU_CLOCK REGISTER(0x600C0008)
#define SYSTEM_CLOCK REGISTER(0x600C0058)
enum { PLL_480_MHZ = 1 << 2, CPU_160_MHZ = 1, CPU_FIELD = 3, FROM_PLL = 1 << 10, DIVIDER_AND_SOURCE = 0xFFF };
/* The ROM's functions wait in turns of the processor (esp-rom-sys, esp32c3.rom.ld: ets_update_cpu_frequency). */
#define ROM_TOLD_MHZ ((void (*)(uint32_t))0x40000588u)

/* Noise (TRM 25), of which the fast oscillator beside the crystal is a source; the slow one counts since power came. */
#define NOISE REGISTER(0x600260B0)
#define RTC_CLOCKS REGISTER(0x60008070)
#define FAST_CLOCK_TO_ALL (1u << 10)
#define RTC_LATCH REGISTER(0x6000800C)
#define RTC_LOW REGISTER(0x60008010)
#define RTC_LATCH_NOW (1u << 31)
enum { NOISE_READS = 256, NOISE_EVERY_US = 4 };

/* The RTC's options (TRM 9): resets all but the RTC. */
#define RTC_OPTIONS REGISTER(0x60008000)
#define RESET_ALL (1u << 31)

static uint64_t ticks(void)
{
    TIMER_LATCH = TIMER_LATCH_NOW;
    while ((TIMER_LATCH & TIMER_LATCHED) == 0)
        ;
    uint32_t high = TIMER_HIGH;
    return (uint64_t)high << 32 | TIMER_LOW;
}

static void clocks_start(void)
{
    CPU_CLOCK = (CPU_CLOCK & ~(uint32_t)CPU_FIELD) | PLL_480_MHZ | CPU_160_MHZ;
    SYSTEM_CLOCK = (SYSTEM_CLOCK & ~(uint32_t)DIVIDER_AND_SOURCE) | FROM_PLL;
    ROM_TOLD_MHZ(CPU_HZ / 1000000u);
}

static void counter_start(void)
{
    TIMER_LOAD_HIGH = 0;
    TIMER_LOAD_LOW = 0;
    TIMER_LOAD_TAKE = 1;
    counter_alarm_off();
    TARGET_CONF(TARGET_ALARM) = 0;
    matrix_connect(CLOCK_SOURCE, CLOCK_LINE);
}

void chip_start(void)
{
    watchdog_quiet();
    watchdog_note_reset();
    clocks_start();
    matrix_start();
    counter_start();
    uart_device_start();
}

uint32_t counter_now(void)
{
    return (uint32_t)(ticks() / TIMER_TICKS_PER_US);
}

/* A target that was just passed interrupts at once. */
void counter_alarm(uint32_t at)
{
    int32_t left = (int32_t)(at - counter_now());
    uint64_t target = ticks() + (left > 0 ? (uint64_t)left * TIMER_TICKS_PER_US : 0);
    counter_alarm_off();
    TARGET_HIGH(TARGET_ALARM) = (uint32_t)(target >> 32);
    TARGET_LOW(TARGET_ALARM) = (uint32_t)target;
    TARGET_TAKE(TARGET_ALARM) = 1;
    TIMER_CONF |= TARGET_ON(TARGET_ALARM);
    TIMER_INT_ENA |= TARGET_IRQ(TARGET_ALARM);
}

void counter_alarm_off(void)
{
    TIMER_INT_ENA &= ~TARGET_IRQ(TARGET_ALARM);
    TIMER_CONF &= ~TARGET_ON(TARGET_ALARM);
    TIMER_INT_CLR = TARGET_IRQ(TARGET_ALARM);
}

/*
 * Little noise without a radio or a converter that runs (TRM 25): enough that no two starts are alike, which is what
 * it is for here.
 */
uint32_t hardware_noise(void)
{
    RTC_CLOCKS |= FAST_CLOCK_TO_ALL;
    RTC_LATCH = RTC_LATCH_NOW;
    uint32_t bits = 0;
    for (unsigned i = 0; i < NOISE_READS; i++) {
        uint32_t start = counter_now();
        while (counter_now() - start < NOISE_EVERY_US)
            ;
        bits = (bits << 5 | bits >> 27) ^ NOISE;
    }
    return bits ^ RTC_LOW * 2654435761u;
}

_Noreturn void hal_reset(void)
{
    retained_note(HAL_BOOT_SOFTWARE, NULL);
    RTC_OPTIONS |= RESET_ALL;
    for (;;)
        ;
}
