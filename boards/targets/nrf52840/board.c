/*
 * nRF52840: clock, counter, UART, watchdog, noise. A task is started by writing 1 to its register, an event is a
 * register that reads 1 until it is cleared (PS 6.1).
 */
#include "board.h"

#include "arch/cortex-m/scb.h"
#include "platform/bare/chip.h"
#include "platform/bare/retained.h"
#include "platform/bare/uart.h"
#include "platform/hal.h"
#include "platform/hardware/counter.h"
#include "platform/hardware/hardware.h"
#include "saadc.h"

enum { UART_NUMBER = 2, COUNTER_NUMBER = 8, WATCHDOG_NUMBER = 16 };

/* CLOCK (PS 5.4): the 32 MHz crystal, without which a second is up to 8 % off. */
#define HFCLK_START REGISTER(0x40000000)
#define HFCLK_STARTED REGISTER(0x40000100)

/* POWER (PS 5.3): why it was reset, until ones are written. */
#define RESETREAS REGISTER(0x40000400)
enum { RESET_BY_WATCHDOG = 1 << 1 };

/* TIMER0 (PS 6.30). Its clock keeps the crystal running also while the processor sleeps. */
#define TIMER(offset) REGISTER(0x40008000 + (offset))
#define TIMER_START TIMER(0x000)
#define TIMER_CAPTURE(n) TIMER(0x040 + 4 * (n))
#define TIMER_COMPARE(n) TIMER(0x140 + 4 * (n))
#define TIMER_INTENSET TIMER(0x304)
#define TIMER_INTENCLR TIMER(0x308)
#define TIMER_BITMODE TIMER(0x508)
#define TIMER_PRESCALER TIMER(0x510)
#define TIMER_CC(n) TIMER(0x540 + 4 * (n))
enum { ALARM = 0, NOW = 1, TIMER_32_BITS = 3, TIMER_1_MHZ = 4 };
#define ALARM_IRQ (1u << (16 + ALARM))

/* UART0 (PS 6.33): no DMA, but six bytes and RTS, so that nothing is lost while the processor waits for the flash. */
#define UART(offset) REGISTER(0x40002000 + (offset))
#define UART_STARTRX UART(0x000)
#define UART_STARTTX UART(0x008)
#define UART_RXDRDY UART(0x108)
#define UART_TXDRDY UART(0x11C)
#define UART_ERROR UART(0x124)
#define UART_INTENSET UART(0x304)
#define UART_INTENCLR UART(0x308)
#define UART_ERRORSRC UART(0x480)
#define UART_ENABLE UART(0x500)
#define UART_PSEL_RTS UART(0x508)
#define UART_PSEL_TXD UART(0x50C)
#define UART_PSEL_CTS UART(0x510)
#define UART_PSEL_RXD UART(0x514)
#define UART_RXD UART(0x518)
#define UART_TXD UART(0x51C)
#define UART_BAUDRATE UART(0x524)
#define UART_CONFIG UART(0x56C)
enum { UART_ENABLED = 4, UART_FLOW_CONTROL = 1, RXDRDY_IRQ = 1 << 2, TXDRDY_IRQ = 1 << 7, ERROR_IRQ = 1 << 9 };
#define UART_115200 0x01D7E000u

/* GPIO, port 0 (PS 6.9). */
#define PORT_OUTSET REGISTER(0x50000508)
#define PORT_DIRSET REGISTER(0x50000518)
#define PORT_PIN_CNF(n) REGISTER(0x50000700 + 4 * (n))
enum { PIN_INPUT_PULLED_DOWN = 1 << 2, PIN_INPUT_PULLED_UP = 3 << 2 };

/* WDT (PS 6.36): counts 32768 a second, also while the processor sleeps. */
#define WDT(offset) REGISTER(0x40010000 + (offset))
#define WDT_START WDT(0x000)
#define WDT_INTENSET WDT(0x304)
#define WDT_RUNSTATUS WDT(0x400)
#define WDT_CRV WDT(0x504)
#define WDT_RREN WDT(0x508)
#define WDT_CONFIG WDT(0x50C)
#define WDT_RR0 WDT(0x600)
enum { WDT_IN_SLEEP = 1, WDT_TICKS = 32768, WDT_SHORTEST = 15 };
#define WDT_RELOAD 0x6E524635u

/* RNG (PS 6.19). */
#define RNG_START REGISTER(0x4000D000)
#define RNG_STOP REGISTER(0x4000D004)
#define RNG_VALRDY REGISTER(0x4000D100)
#define RNG_CONFIG REGISTER(0x4000D504)
#define RNG_VALUE REGISTER(0x4000D508)
enum { RNG_EVEN = 1 };

/* There was a byte to send; whether it is sent, its event says. */
static bool sending;

void board_interrupt(uint32_t irq);
void clock_interrupt(void);

/* SysTick stands still while the processor sleeps, so it is never on. */
void clock_interrupt(void)
{
}

static void counter_start(void)
{
    TIMER_BITMODE = TIMER_32_BITS;
    TIMER_PRESCALER = TIMER_1_MHZ;
    TIMER_START = 1;
    nvic_enable(COUNTER_NUMBER, 0x40);
}

void chip_start(void)
{
    HFCLK_STARTED = 0;
    HFCLK_START = 1;
    while (HFCLK_STARTED == 0)
        ;
    /* Its handler can't note anything while interrupts are off. */
    if (RESETREAS & RESET_BY_WATCHDOG)
        retained_unnoted(HAL_BOOT_WATCHDOG);
    RESETREAS = UINT32_MAX;
    counter_start();
    nvic_enable(WATCHDOG_NUMBER, 0);
    uart_device_start();
}

uint32_t counter_now(void)
{
    TIMER_CAPTURE(NOW) = 1;
    return TIMER_CC(NOW);
}

void counter_alarm(uint32_t at)
{
    TIMER_COMPARE(ALARM) = 0;
    TIMER_CC(ALARM) = at;
    TIMER_INTENSET = ALARM_IRQ;
}

void counter_alarm_off(void)
{
    TIMER_INTENCLR = ALARM_IRQ;
    TIMER_COMPARE(ALARM) = 0;
}

void uart_device_start(void)
{
    PORT_OUTSET = 1u << PIN_TXD | 1u << PIN_RTS;
    PORT_DIRSET = 1u << PIN_TXD | 1u << PIN_RTS;
    /* A probe that isn't there must not hold the line: received is the idle level, and sending is allowed. */
    PORT_PIN_CNF(PIN_RXD) = PIN_INPUT_PULLED_UP;
    PORT_PIN_CNF(PIN_CTS) = PIN_INPUT_PULLED_DOWN;
    UART_PSEL_RTS = PIN_RTS;
    UART_PSEL_TXD = PIN_TXD;
    UART_PSEL_CTS = PIN_CTS;
    UART_PSEL_RXD = PIN_RXD;
    UART_BAUDRATE = UART_115200;
    UART_CONFIG = UART_FLOW_CONTROL;
    UART_ENABLE = UART_ENABLED;
    UART_STARTRX = 1;
    UART_STARTTX = 1;
    UART_INTENSET = RXDRDY_IRQ | ERROR_IRQ;
    nvic_enable(UART_NUMBER, 0x40);
}

int uart_device_get(void)
{
    if (UART_RXDRDY == 0)
        return -1;
    /* In this order: reading may bring the next byte, and its event with it. */
    UART_RXDRDY = 0;
    return (int)(UART_RXD & 0xFF);
}

bool uart_device_put(uint8_t byte)
{
    if (sending && UART_TXDRDY == 0)
        return false;
    UART_TXDRDY = 0;
    UART_TXD = byte;
    sending = true;
    return true;
}

void uart_device_interrupts(bool received, bool room)
{
    UART_INTENCLR = (received ? 0 : (uint32_t)RXDRDY_IRQ) | (room ? 0 : (uint32_t)TXDRDY_IRQ);
    UART_INTENSET = (received ? (uint32_t)RXDRDY_IRQ : 0) | (room ? (uint32_t)TXDRDY_IRQ : 0);
}

void board_interrupt(uint32_t irq)
{
    if (irq == COUNTER_NUMBER) {
        counter_alarm_off();
    } else if (irq == SAADC_NUMBER) {
        saadc_interrupt();
    } else {
        /* Bytes that came damaged are the link's care. */
        UART_ERROR = 0;
        UART_ERRORSRC = UART_ERRORSRC;
        uart_interrupt();
    }
}

void hal_watchdog_start(uint32_t timeout_ms)
{
    uint64_t ticks = (uint64_t)timeout_ms * WDT_TICKS / 1000;
    /* One that runs goes on as it is: only a reset stops it. */
    if (WDT_RUNSTATUS == 0) {
        WDT_CRV = ticks > UINT32_MAX ? UINT32_MAX : ticks < WDT_SHORTEST ? WDT_SHORTEST : (uint32_t)ticks;
        WDT_RREN = 1;
        WDT_CONFIG = WDT_IN_SLEEP;
        /* Two of its ticks before the reset, in which the handler records where the processor hung. */
        WDT_INTENSET = 1;
        WDT_START = 1;
    }
    hal_watchdog_feed();
}

void hal_watchdog_feed(void)
{
    WDT_RR0 = WDT_RELOAD;
}

uint32_t hardware_noise(void)
{
    uint32_t bits = 0;
    RNG_CONFIG = RNG_EVEN;
    RNG_START = 1;
    for (unsigned i = 0; i < sizeof bits; i++) {
        while (RNG_VALRDY == 0)
            ;
        RNG_VALRDY = 0;
        bits = bits << 8 | (RNG_VALUE & 0xFF);
    }
    RNG_STOP = 1;
    return bits;
}
