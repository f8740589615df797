/* STM32F429: counter, UART, watchdog, noise. */
#include "board.h"

#include "adc.h"
#include "arch/cortex-m/scb.h"
#include "clocks.h"
#include "platform/bare/chip.h"
#include "platform/bare/retained.h"
#include "platform/bare/uart.h"
#include "platform/hal.h"
#include "platform/hardware/counter.h"
#include "platform/hardware/hardware.h"
#include "rcc.h"

enum { UART_NUMBER = 37, COUNTER_NUMBER = 50 };

/* TIM5, a counter of 32 bits (RM 18.4). */
#define TIM5(offset) REGISTER(0x40000C00 + (offset))
#define TIM5_CR1 TIM5(0x00)
#define TIM5_DIER TIM5(0x0C)
#define TIM5_SR TIM5(0x10)
#define TIM5_EGR TIM5(0x14)
#define TIM5_CNT TIM5(0x24)
#define TIM5_PSC TIM5(0x28)
#define TIM5_ARR TIM5(0x2C)
#define TIM5_CCR1 TIM5(0x34)
enum { COMPARE_1 = 2 };

/* USART1 (RM 30.6) at PA9 and PA10, which the kit's ST-LINK makes a serial port of the computer (UM1670). */
#define UART(offset) REGISTER(0x40011000 + (offset))
#define UART_SR UART(0x00)
#define UART_DR UART(0x04)
#define UART_BRR UART(0x08)
#define UART_CR1 UART(0x0C)
enum { OVERRUN = 1 << 3, RECEIVED = 1 << 5, ROOM = 1 << 7, UART_ON = 1 << 13 | 1 << 3 | 1 << 2 };
#define UART_BAUD 115200u
#define PORT_A_MODER REGISTER(0x40020000)
#define PORT_A_PUPDR REGISTER(0x4002000C)
#define PORT_A_AFRH REGISTER(0x40020024)

/* IWDG (RM 21.4): counts at 32 kHz (17 to 47) divided by 256, down from 12 bits. */
#define IWDG_KR REGISTER(0x40003000)
#define IWDG_PR REGISTER(0x40003004)
#define IWDG_RLR REGISTER(0x40003008)
#define IWDG_SR REGISTER(0x4000300C)
enum { IWDG_FEED = 0xAAAA, IWDG_UNLOCK = 0x5555, IWDG_START = 0xCCCC, IWDG_BY_256 = 6, IWDG_MAX = 4095 };

/* RNG (RM 24.4). */
#define RNG_CR REGISTER(0x50060800)
#define RNG_SR REGISTER(0x50060804)
#define RNG_DR REGISTER(0x50060808)
enum { RNG_ON = 4, RNG_READY = 1, RNG_FAILED = 1 << 5 | 1 << 6 /* clock, seed (RM 24.4.2) */ };
/* A word takes 40 periods of a clock of 48 MHz. */
#define RNG_TRIES 100000

void board_interrupt(uint32_t irq);
void clock_interrupt(void);

/* SysTick's 24 bits are less than a tenth of a second here, so it is never on. */
void clock_interrupt(void)
{
}

static void counter_start(void)
{
    TIM5_PSC = PERIPHERAL_HZ / 1000000u - 1;
    TIM5_ARR = UINT32_MAX;
    TIM5_EGR = 1; /* takes the prescaler over */
    TIM5_CR1 = 1;
    nvic_enable(COUNTER_NUMBER, 0x40);
}

void chip_start(void)
{
    clocks_start();
    if (RCC_CSR & RCC_RESET_BY_WATCHDOG)
        retained_unnoted(HAL_BOOT_WATCHDOG);
    RCC_CSR |= RCC_FORGET_RESETS;
    counter_start();
    uart_device_start();
}

uint32_t counter_now(void)
{
    return TIM5_CNT;
}

void counter_alarm(uint32_t at)
{
    TIM5_CCR1 = at;
    TIM5_SR = ~(uint32_t)COMPARE_1;
    TIM5_DIER = COMPARE_1;
}

void counter_alarm_off(void)
{
    TIM5_DIER = 0;
    TIM5_SR = ~(uint32_t)COMPARE_1;
}

void uart_device_start(void)
{
    PORT_A_AFRH = (PORT_A_AFRH & ~0xFF0u) | 0x770u;                     /* function 7: USART1 */
    PORT_A_PUPDR = (PORT_A_PUPDR & ~(3u << 20)) | 1u << 20;             /* the receiver idles high */
    PORT_A_MODER = (PORT_A_MODER & ~(15u << 18)) | 2u << 18 | 2u << 20; /* both pins are the function's */
    UART_BRR = (PERIPHERAL_HZ + UART_BAUD / 2) / UART_BAUD;
    UART_CR1 = UART_ON | RECEIVED;
    nvic_enable(UART_NUMBER, 0x40);
}

/* A byte that came when the last one was still there is lost, which the link mends; reading ends that state. */
int uart_device_get(void)
{
    uint32_t state = UART_SR;
    if ((state & (RECEIVED | OVERRUN)) == 0)
        return -1;
    uint32_t byte = UART_DR & 0xFF;
    return state & RECEIVED ? (int)byte : -1;
}

bool uart_device_put(uint8_t byte)
{
    if ((UART_SR & ROOM) == 0)
        return false;
    UART_DR = byte;
    return true;
}

/* The bits of the state's register and of the interrupts' are the same. */
void uart_device_interrupts(bool received, bool room)
{
    UART_CR1 = UART_ON | (received ? (uint32_t)RECEIVED : 0) | (room ? (uint32_t)ROOM : 0);
}

void board_interrupt(uint32_t irq)
{
    if (irq == COUNTER_NUMBER)
        counter_alarm_off();
    else if (irq == ADC_NUMBER)
        adc_interrupt();
    else
        uart_interrupt();
}

/*
 * At its fastest this clock runs half as fast again as it should, so that the watchdog may come early, but never much
 * too late.
 */
void hal_watchdog_start(uint32_t timeout_ms)
{
    uint32_t ticks = timeout_ms / 8 + 1;
    IWDG_KR = IWDG_START;
    IWDG_KR = IWDG_UNLOCK;
    IWDG_PR = IWDG_BY_256;
    IWDG_RLR = ticks < IWDG_MAX ? ticks : IWDG_MAX;
    while (IWDG_SR != 0)
        ;
    hal_watchdog_feed();
}

void hal_watchdog_feed(void)
{
    IWDG_KR = IWDG_FEED;
}

uint32_t hardware_noise(void)
{
    RNG_CR = RNG_ON;
    for (unsigned i = 0; i < RNG_TRIES; i++) {
        if ((RNG_SR & RNG_READY) != 0)
            return RNG_DR;
        if ((RNG_SR & RNG_FAILED) != 0) {
            RNG_SR = 0;
            RNG_CR = 0;
            RNG_CR = RNG_ON;
        }
    }
    /* It is for session numbers and seeds: a node without noise still starts. */
    return counter_now();
}
