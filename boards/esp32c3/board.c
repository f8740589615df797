/* ESP32-C3: clocks, counter, noise, restart. */
#include "board.h"

#include "chip.h"
#include "counter.h"
#include "hal.h"
#include "hardware.h"
#include "kept.h"
#include "matrix.h"
#include "uart.h"
#include "watchdog.h"

/* Clocks (TRM 6). The boot ROM runs the processor from the crystal, and leaves the PLL on at 480 MHz. */
#define CPU_CLOCK REGISTER(0x600C0008)
#define SYSTEM_CLOCK REGISTER(0x600C0058)
enum { PLL_480_MHZ = 1 << 2, CPU_160_MHZ = 1, CPU_FIELD = 3, FROM_PLL = 1 << 10, DIVIDER_AND_SOURCE = 0xFFF };
/* The ROM's functions wait in turns of the processor (esp-rom-sys, esp32c3.rom.ld: ets_update_cpu_frequency). */
#define ROM_TOLD_MHZ ((void (*)(uint32_t))0x40000588u)

/* The system timer (TRM 10): 52 bits, 16 a microsecond, by the crystal; also while the processor sleeps. */
#define TIMER(offset) REGISTER(0x60023000 + (offset))
#define TIMER_CONF TIMER(0x00)
#define TIMER_LATCH TIMER(0x04)
#define TIMER_LOAD_HIGH TIMER(0x0C)
#define TIMER_LOAD_LOW TIMER(0x10)
#define TIMER_TARGET_HIGH TIMER(0x1C)
#define TIMER_TARGET_LOW TIMER(0x20)
#define TIMER_TARGET_CONF TIMER(0x34)
#define TIMER_HIGH TIMER(0x40)
#define TIMER_LOW TIMER(0x44)
#define TIMER_TARGET_TAKE TIMER(0x50)
#define TIMER_LOAD_TAKE TIMER(0x5C)
#define TIMER_INT_ENA TIMER(0x64)
#define TIMER_INT_CLR TIMER(0x6C)
#define TARGET_ON (1u << 24)
#define LATCH_NOW (1u << 30)
#define LATCHED (1u << 29)
#define TICKS_PER_US 16u
enum { TARGET_ONCE = 0, TARGET = 1 };

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

/* The chip's converter has no driver here. */
const struct hal_sensor hardware_sensors[1];
const uint32_t hardware_sensor_count = 0;

static uint64_t ticks(void)
{
    TIMER_LATCH = LATCH_NOW;
    while ((TIMER_LATCH & LATCHED) == 0)
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
    TIMER_TARGET_CONF = TARGET_ONCE;
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
    return (uint32_t)(ticks() / TICKS_PER_US);
}

/* A target that was just passed interrupts at once. */
void counter_alarm(uint32_t at)
{
    int32_t left = (int32_t)(at - counter_now());
    uint64_t target = ticks() + (left > 0 ? (uint64_t)left * TICKS_PER_US : 0);
    counter_alarm_off();
    TIMER_TARGET_HIGH = (uint32_t)(target >> 32);
    TIMER_TARGET_LOW = (uint32_t)target;
    TIMER_TARGET_TAKE = 1;
    TIMER_CONF |= TARGET_ON;
    TIMER_INT_ENA = TARGET;
}

void counter_alarm_off(void)
{
    TIMER_INT_ENA = 0;
    TIMER_CONF &= ~TARGET_ON;
    TIMER_INT_CLR = TARGET;
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
    kept_note(HAL_BOOT_SOFTWARE, NULL);
    RTC_OPTIONS |= RESET_ALL;
    for (;;)
        ;
}
