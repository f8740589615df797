/* Arm's UART PL011 (Arm DDI 0183), at UART_BASE. */
#include "pl011.h"

#include "arch/cortex-m/scb.h"
#include "board.h"
#include "platform/bare/uart.h"

#define UART_DATA REGISTER(UART_BASE)
#define UART_FLAGS REGISTER(UART_BASE + 0x18)
#define UART_INTEGER_DIVIDER REGISTER(UART_BASE + 0x24)
#define UART_FRACTION_DIVIDER REGISTER(UART_BASE + 0x28)
#define UART_LINE REGISTER(UART_BASE + 0x2C)
#define UART_CONTROL REGISTER(UART_BASE + 0x30)
#define UART_LEVELS REGISTER(UART_BASE + 0x34)
#define UART_MASK REGISTER(UART_BASE + 0x38)
#define UART_CLEAR REGISTER(UART_BASE + 0x44)
enum {
    UART_EMPTY = 0x10,
    UART_FULL = 0x20,
    UART_8_BITS_FIFO = 0x70,
    UART_ON = 0x301,
    UART_RECEIVED_IRQ = 0x50, /* FIFO has reached its level, and bytes have waited in it */
    UART_ROOM_IRQ = 0x20,
};

void pl011_start(void)
{
    /* The divider counts in 64ths of 16 clocks. */
    uint32_t divider = (CLOCK_HZ * 4u + UART_BAUD / 2u) / UART_BAUD;
    UART_INTEGER_DIVIDER = divider / 64u;
    UART_FRACTION_DIVIDER = divider % 64u;
    UART_LINE = UART_8_BITS_FIFO;
    UART_LEVELS = 0;
    UART_CONTROL = UART_ON;
    UART_MASK = UART_RECEIVED_IRQ;
}

int uart_device_get(void)
{
    return UART_FLAGS & UART_EMPTY ? -1 : (int)(UART_DATA & 0xFF);
}

bool uart_device_put(uint8_t byte)
{
    if (UART_FLAGS & UART_FULL)
        return false;
    UART_DATA = byte;
    return true;
}

void uart_device_interrupts(bool received, bool room)
{
    UART_MASK = (received ? (uint32_t)UART_RECEIVED_IRQ : 0) | (room ? (uint32_t)UART_ROOM_IRQ : 0);
}

void pl011_interrupt(void)
{
    UART_CLEAR = UART_RECEIVED_IRQ | UART_ROOM_IRQ;
    uart_interrupt();
}
