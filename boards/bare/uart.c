/* Rings between the agent and the UART's interrupt. */
#include "uart.h"

#include "chip.h"
#include "irq.h"

#ifndef UART_RING
#define UART_RING 1024u
#endif
_Static_assert((UART_RING & (UART_RING - 1)) == 0, "positions are masked");

/* Positions count all bytes ever; the interrupt moves `put` of the first and `got` of the second, the agent the others. */
struct ring {
    volatile uint32_t put;
    volatile uint32_t got;
    uint8_t bytes[UART_RING];
};

static struct ring in, out;
static bool wants_room;

static uint32_t held(const struct ring *ring)
{
    return ring->put - ring->got;
}

static void push(struct ring *ring, uint8_t byte)
{
    ring->bytes[ring->put & (UART_RING - 1)] = byte;
    ring->put = ring->put + 1;
}

static uint8_t pull(struct ring *ring)
{
    uint8_t byte = ring->bytes[ring->got & (UART_RING - 1)];
    ring->got = ring->got + 1;
    return byte;
}

/* Moves what can be moved. Runs in the interrupt, or with interrupts off. */
static void move(void)
{
    while (held(&in) < UART_RING) {
        int byte = uart_device_get();
        if (byte < 0)
            break;
        push(&in, (uint8_t)byte);
    }
    while (held(&out) > 0 && uart_device_put(out.bytes[out.got & (UART_RING - 1)]))
        out.got = out.got + 1;
    uart_device_interrupts(held(&in) < UART_RING, held(&out) > 0);
}

void uart_interrupt(void)
{
    move();
}

static void move_now(void)
{
    uint32_t state = irq_off();
    move();
    irq_restore(state);
}

size_t chip_link_read(uint8_t *bytes, size_t count)
{
    bool was_full = held(&in) == UART_RING;
    size_t done = 0;
    while (done < count && held(&in) > 0)
        bytes[done++] = pull(&in);
    if (was_full && done > 0)
        move_now();
    return done;
}

size_t chip_link_write(const uint8_t *bytes, size_t count)
{
    size_t done = 0;
    while (done < count && held(&out) < UART_RING)
        push(&out, bytes[done++]);
    wants_room = done < count;
    if (done > 0)
        move_now();
    return done;
}

bool uart_wakes(void)
{
    return held(&in) > 0 || (wants_room && held(&out) < UART_RING);
}
