/* Ring buffers between the agent and the interrupt of the UART. */
#include "uart.h"

#include <stdatomic.h>

#include "chip.h"
#include "irq.h"

/* Received bytes wait while a module works, so their ring is larger than that of bytes to send. */
#define IN_BYTES 1024u
#define OUT_BYTES 256u
_Static_assert((IN_BYTES & (IN_BYTES - 1)) == 0 && (OUT_BYTES & (OUT_BYTES - 1)) == 0, "positions are masked");

/*
 * Positions count all bytes ever moved. The interrupt advances `put` of the first ring and `got` of the second, the
 * agent the others.
 */
struct ring {
    volatile uint32_t put;
    volatile uint32_t got;
    uint8_t *bytes;
    uint32_t size;
};

static uint8_t in_bytes[IN_BYTES], out_bytes[OUT_BYTES];
static struct ring in = {.bytes = in_bytes, .size = IN_BYTES};
static struct ring out = {.bytes = out_bytes, .size = OUT_BYTES};
static bool wants_room;
/* The ring was full: received bytes do not interrupt until there is room. */
static volatile bool stopped;

static uint32_t held(const struct ring *ring)
{
    return ring->put - ring->got;
}

static bool full(const struct ring *ring)
{
    return held(ring) == ring->size;
}

static void push(struct ring *ring, uint8_t byte)
{
    ring->bytes[ring->put & (ring->size - 1)] = byte;
    atomic_signal_fence(memory_order_release);
    ring->put = ring->put + 1;
}

static uint8_t pull(struct ring *ring)
{
    uint8_t byte = ring->bytes[ring->got & (ring->size - 1)];
    atomic_signal_fence(memory_order_release);
    ring->got = ring->got + 1;
    return byte;
}

/* Moves bytes between rings and device. Runs in the interrupt, or with interrupts off. */
static void move(void)
{
    while (!full(&in)) {
        int byte = uart_device_get();
        if (byte < 0)
            break;
        push(&in, (uint8_t)byte);
    }
    while (held(&out) > 0 && uart_device_put(out.bytes[out.got & (OUT_BYTES - 1)]))
        out.got = out.got + 1;
    stopped = full(&in);
    uart_device_interrupts(!stopped, held(&out) > 0);
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
    size_t done = 0;
    while (done < count && held(&in) > 0)
        bytes[done++] = pull(&in);
    if (stopped && done > 0)
        move_now();
    return done;
}

size_t chip_link_write(const uint8_t *bytes, size_t count)
{
    size_t done = 0;
    while (done < count && !full(&out))
        push(&out, bytes[done++]);
    wants_room = done < count;
    if (done > 0)
        move_now();
    return done;
}

bool uart_wakes(void)
{
    return held(&in) > 0 || (wants_room && !full(&out));
}
