/*
 * UART0 (TRM 26), whose pins the boot ROM has connected for its own messages: 128 bytes each way. Received bytes
 * interrupt when many wait, or none has come for the time of two.
 */
#include "uart0.h"
#include "board.h"
#include "matrix.h"
#include "platform/bare/uart.h"

#define UART(offset) REGISTER(0x60000000 + (offset))
#define UART_FIFO UART(0x00)
#define UART_INT_ENA UART(0x0C)
#define UART_INT_CLR UART(0x10)
#define UART_CLKDIV UART(0x14)
#define UART_STATUS UART(0x1C)
#define UART_CONF0 UART(0x20)
#define UART_CONF1 UART(0x24)
#define UART_MEM_CONF UART(0x60)
#define UART_CLK_CONF UART(0x78)
#define UART_ID UART(0x80)

enum { MANY_IRQ = 1 << 0, ROOM_IRQ = 1 << 1, SILENCE_IRQ = 1 << 8 };

/* STATUS: bytes that were received, and that are to be sent. */
#define RECEIVED(status) ((status) & 0x3FF)
#define TO_SEND(status) ((status) >> 16 & 0x3FF)
enum { FIFO_BYTES = 128 };

/* CONF0: eight bits, one stop bit. */
enum { BITS_8 = 3 << 2, STOP_1 = 1 << 4, EMPTY_RECEIVED = 1 << 17, MEMORY_ON = 1 << 28 };
/* CONF1. */
enum { MANY = 64, ROOM_BELOW = 32 << 9, SILENCE_ON = 1 << 21 };
/* MEM_CONF: 128 bytes each way, and the silence in bits. */
enum { ONE_BLOCK_EACH = 1 << 1 | 1 << 4, SILENCE_BITS = 20 << 16 };
/* CLK_CONF: the crystal, undivided; CLKDIV divides it by sixteenths. */
enum { BY_CRYSTAL = 3 << 20, CLOCKS_ON = 1 << 22 | 1 << 24 | 1 << 25 };
#define SIXTEENTHS (CRYSTAL_HZ * 16u / UART_BAUD)
/* ID: what was written to the others is taken over when this is set, which is cleared then. */
#define TAKE_OVER (1u << 31)

static void take_over(void)
{
    UART_ID = TAKE_OVER;
    while ((UART_ID & TAKE_OVER) != 0)
        ;
}

void uart_device_start(void)
{
    uint32_t conf0 = BITS_8 | STOP_1 | MEMORY_ON;
    UART_INT_ENA = 0;
    UART_CLK_CONF = BY_CRYSTAL | CLOCKS_ON;
    UART_CLKDIV = SIXTEENTHS / 16 | SIXTEENTHS % 16 << 20;
    UART_MEM_CONF = ONE_BLOCK_EACH | SILENCE_BITS;
    UART_CONF1 = MANY | ROOM_BELOW | SILENCE_ON;
    UART_CONF0 = conf0 | EMPTY_RECEIVED;
    take_over();
    UART_CONF0 = conf0;
    take_over();
    UART_INT_CLR = UINT32_MAX;
    UART_INT_ENA = MANY_IRQ | SILENCE_IRQ;
    matrix_connect(UART_SOURCE, UART_LINE);
}

int uart_device_get(void)
{
    return RECEIVED(UART_STATUS) > 0 ? (int)(UART_FIFO & 0xFF) : -1;
}

bool uart_device_put(uint8_t byte)
{
    if (TO_SEND(UART_STATUS) >= FIFO_BYTES)
        return false;
    UART_FIFO = byte;
    return true;
}

void uart_device_interrupts(bool received, bool room)
{
    UART_INT_ENA = (received ? (uint32_t)(MANY_IRQ | SILENCE_IRQ) : 0) | (room ? (uint32_t)ROOM_IRQ : 0);
}

/* Cleared first: what comes while the bytes are moved asks again. */
void uart0_interrupt(void)
{
    UART_INT_CLR = UINT32_MAX;
    uart_interrupt();
}
