/* QEMU's `virt`: a 16550 UART behind the interrupt controller, and the finisher, which restarts it. */
#include "board.h"

#include "arch/riscv/clint.h"
#include "platform/bare/chip.h"
#include "platform/bare/retained.h"
#include "platform/bare/uart.h"
#include "platform/hal.h"

#define WORD(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define BYTE(address) (*(volatile uint8_t *)(uintptr_t)(address))

/* SiFive's test finisher. */
#define FINISHER WORD(0x00100000)
#define FINISHER_RESET 0x7777u

/* The platform-level interrupt controller, context 0: machine mode of hart 0. */
enum { UART_NUMBER = 10 };
#define PLIC_PRIORITY(n) WORD(0x0C000000 + 4 * (n))
#define PLIC_ENABLE WORD(0x0C002000)
#define PLIC_THRESHOLD WORD(0x0C200000)
#define PLIC_CLAIM WORD(0x0C200004)

/* 16550: registers are bytes. */
#define UART_BASE 0x10000000u
#define UART_DATA BYTE(UART_BASE + 0)
#define UART_INTERRUPTS BYTE(UART_BASE + 1)
#define UART_FIFO BYTE(UART_BASE + 2)
#define UART_LINE BYTE(UART_BASE + 3)
#define UART_MODEM BYTE(UART_BASE + 4)
#define UART_STATE BYTE(UART_BASE + 5)
enum { UART_RECEIVED_IRQ = 1, UART_ROOM_IRQ = 2, UART_FIFO_ON = 7, UART_8_BITS = 3, UART_READY = 3 };
enum { UART_RECEIVED = 0x01, UART_EMPTY = 0x20 };

void board_interrupt(void);

void chip_start(void)
{
    clint_start();
    PLIC_PRIORITY(UART_NUMBER) = 1;
    PLIC_ENABLE = 1u << UART_NUMBER;
    PLIC_THRESHOLD = 0;
    uart_device_start();
}

_Noreturn void hal_reset(void)
{
    retained_note(HAL_BOOT_SOFTWARE, NULL);
    FINISHER = FINISHER_RESET;
    for (;;)
        ;
}

void uart_device_start(void)
{
    UART_LINE = UART_8_BITS;
    UART_FIFO = UART_FIFO_ON;
    UART_MODEM = UART_READY;
    UART_INTERRUPTS = UART_RECEIVED_IRQ;
}

int uart_device_get(void)
{
    return UART_STATE & UART_RECEIVED ? UART_DATA : -1;
}

bool uart_device_put(uint8_t byte)
{
    if ((UART_STATE & UART_EMPTY) == 0)
        return false;
    UART_DATA = byte;
    return true;
}

void uart_device_interrupts(bool received, bool room)
{
    UART_INTERRUPTS = (uint8_t)((received ? UART_RECEIVED_IRQ : 0) | (room ? UART_ROOM_IRQ : 0));
}

void board_interrupt(void)
{
    uint32_t number = PLIC_CLAIM;
    if (number == UART_NUMBER)
        uart_interrupt();
    PLIC_CLAIM = number;
}
