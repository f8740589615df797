/* UART and timer of Arm's Cortex-M System Design Kit, as on the MPS2 boards. */
#include "arch/cortex-m/alarm.h"
#include "arch/cortex-m/scb.h"
#include "board.h"
#include "platform/bare/uart.h"

#define UART_DATA REGISTER(UART_BASE)
#define UART_STATE REGISTER(UART_BASE + 0x4)
#define UART_CONTROL REGISTER(UART_BASE + 0x8)
#define UART_CLEAR REGISTER(UART_BASE + 0xC)
#define UART_DIVIDER REGISTER(UART_BASE + 0x10)
enum { UART_SENDING = 1, UART_RECEIVED = 2, UART_ON = 3, UART_SENT_IRQ = 4, UART_RECEIVED_IRQ = 8 };

#define TIMER_CONTROL REGISTER(TIMER_BASE)
#define TIMER_VALUE REGISTER(TIMER_BASE + 0x4)
#define TIMER_RELOAD REGISTER(TIMER_BASE + 0x8)
#define TIMER_CLEAR REGISTER(TIMER_BASE + 0xC)
enum { TIMER_ON = 9 };

void board_interrupt(uint32_t irq);

void uart_device_start(void)
{
    UART_DIVIDER = CLOCK_HZ / UART_BAUD;
    UART_CONTROL = UART_ON | UART_RECEIVED_IRQ;
    nvic_enable(UART_RECEIVED_NUMBER, 0x40);
    nvic_enable(UART_SENT_NUMBER, 0x40);
    nvic_enable(TIMER_NUMBER, 0x40);
}

int uart_device_get(void)
{
    return UART_STATE & UART_RECEIVED ? (int)(UART_DATA & 0xFF) : -1;
}

bool uart_device_put(uint8_t byte)
{
    if (UART_STATE & UART_SENDING)
        return false;
    UART_DATA = byte;
    return true;
}

void uart_device_interrupts(bool received, bool room)
{
    UART_CONTROL = UART_ON | (received ? (uint32_t)UART_RECEIVED_IRQ : 0) | (room ? (uint32_t)UART_SENT_IRQ : 0);
}

void alarm_set(uint32_t ticks)
{
    TIMER_CONTROL = 0;
    TIMER_CLEAR = 1;
    TIMER_RELOAD = ticks;
    TIMER_VALUE = ticks;
    TIMER_CONTROL = TIMER_ON;
}

void alarm_clear(void)
{
    TIMER_CONTROL = 0;
    TIMER_CLEAR = 1;
}

void board_interrupt(uint32_t irq)
{
    if (irq == TIMER_NUMBER) {
        alarm_clear();
    } else {
        UART_CLEAR = 3;
        uart_interrupt();
    }
}
