/* RP2040: counter, UART, watchdog, noise. */
#include "board.h"

#include "adc.h"
#include "clocks.h"
#include "drivers/pl011.h"
#include "platform/bare/chip.h"
#include "platform/bare/retained.h"
#include "platform/bare/uart.h"
#include "platform/hal.h"
#include "platform/hardware/counter.h"
#include "platform/hardware/hardware.h"
#include "resets.h"

enum { ALARM_NUMBER = 0, WATCHDOG_NUMBER = 1, UART_NUMBER = 20 };

/* The timer (DS 4.6): microseconds; alarm 0 for the clock's deadlines, 1 for the watchdog. */
#define TIMER_ALARM(n) REGISTER(0x40054010 + 4 * (n))
#define TIMER_ARMED REGISTER(0x40054020)
#define TIMER_NOW REGISTER(0x40054028)
#define TIMER_INTR REGISTER(0x40054034)
#define TIMER_INTE 0x40054038u
enum { ALARM = 0, WATCH = 1 };

/* Pins of UART0, a PL011 (DS 4.2): function 2 (DS 2.19.6). */
#define PIN_CONTROL(n) REGISTER(0x40014004 + 8 * (n))
#define PAD(n) REGISTER(0x4001C004 + 4 * (n))
enum { PIN_SENDS = 0, PIN_RECEIVES = 1, FUNCTION_UART = 2 };
enum { PAD_INPUT = 1 << 6, PAD_4_MA = 1 << 4, PAD_UP = 1 << 3, PAD_SCHMITT = 1 << 1 };

/* The watchdog (DS 4.7). It counts two for each tick (erratum RP2040-E1), so that its 24 bits are 8 seconds. */
#define WATCHDOG_CTRL REGISTER(0x40058000)
#define WATCHDOG_LOAD REGISTER(0x40058004)
#define WATCHDOG_REASON REGISTER(0x40058008)
#define WATCHDOG_ON (1u << 30)
#define WATCHDOG_LONGEST 0xFFFFFFu
#define WATCH_EVERY_US 2000000u
/* What it resets (DS 2.13): all but the two oscillators. */
#define PSM_WDSEL REGISTER(0x40010008)
#define ALL_BUT_OSCILLATORS 0x1FFFCu

/* The ring oscillator's bit (DS 2.17.5). */
#define ROSC_RANDOM REGISTER(0x4006001C)

void board_interrupt(uint32_t irq);
void clock_interrupt(void);

static volatile uint32_t timeout_us, fed_us;

/* SysTick's 24 bits are little at this clock, so it is never on. */
void clock_interrupt(void)
{
}

void chip_start(void)
{
    let_go(RESET_IO | RESET_PADS | RESET_TIMER);
    clocks_start();
    if (WATCHDOG_REASON != 0)
        retained_unnoted(HAL_BOOT_WATCHDOG);
    nvic_enable(ALARM_NUMBER, 0x40);
    nvic_enable(WATCHDOG_NUMBER, 0);
    uart_device_start();
}

uint32_t counter_now(void)
{
    return TIMER_NOW;
}

void counter_alarm(uint32_t at)
{
    TIMER_INTR = 1u << ALARM;
    TIMER_ALARM(ALARM) = at; /* arms it */
    SET_BITS(TIMER_INTE) = 1u << ALARM;
}

void counter_alarm_off(void)
{
    CLEAR_BITS(TIMER_INTE) = 1u << ALARM;
    TIMER_ARMED = 1u << ALARM;
    TIMER_INTR = 1u << ALARM;
}

void uart_device_start(void)
{
    let_go(RESET_UART0);
    PIN_CONTROL(PIN_SENDS) = FUNCTION_UART;
    PIN_CONTROL(PIN_RECEIVES) = FUNCTION_UART;
    PAD(PIN_RECEIVES) = PAD_INPUT | PAD_4_MA | PAD_UP | PAD_SCHMITT;
    pl011_start();
    nvic_enable(UART_NUMBER, 0x40);
}

/*
 * The hardware is fed every two seconds, as long as the agent has fed this within its longer time: where interrupts
 * stay off it resets within eight seconds, where the agent hangs this does.
 */
static void watch(void)
{
    if (counter_now() - fed_us > timeout_us) {
        retained_note(HAL_BOOT_WATCHDOG, NULL);
        hal_reset();
    }
    WATCHDOG_LOAD = WATCHDOG_LONGEST;
    TIMER_INTR = 1u << WATCH;
    TIMER_ALARM(WATCH) = counter_now() + WATCH_EVERY_US;
}

void board_interrupt(uint32_t irq)
{
    if (irq == ALARM_NUMBER) {
        counter_alarm_off();
    } else if (irq == WATCHDOG_NUMBER) {
        watch();
    } else if (irq == ADC_NUMBER) {
        adc_interrupt();
    } else {
        pl011_interrupt();
    }
}

void hal_watchdog_start(uint32_t timeout_ms)
{
    timeout_us = timeout_ms < UINT32_MAX / 2000 ? timeout_ms * 1000 : UINT32_MAX / 2;
    hal_watchdog_feed();
    watch();
    SET_BITS(TIMER_INTE) = 1u << WATCH;
    PSM_WDSEL = ALL_BUT_OSCILLATORS;
    WATCHDOG_CTRL = WATCHDOG_ON;
}

void hal_watchdog_feed(void)
{
    fed_us = counter_now();
}

/* One bit has little noise, many together have enough. */
uint32_t hardware_noise(void)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < 1024; i++)
        bits = (bits << 1 | bits >> 31) ^ (ROSC_RANDOM & 1);
    return bits ^ counter_now();
}
