/* First-fit heap in one piece of memory. */
#include "heap.h"

#include <stdbool.h>
#include <string.h>

/* Precedes each block. Blocks follow one another without gaps. */
struct head {
    /* Bytes with this head, a multiple of ALIGN. */
    uint32_t size;
    uint32_t taken;
};

#define ALIGN ((size_t)8)
_Static_assert(sizeof(struct head) % ALIGN == 0, "contents are aligned as heads are");

static struct {
    uint8_t *start;
    uint8_t *end;
    size_t used;
    size_t peak;
} heap;

static struct head *head_at(uint8_t *at)
{
    return (struct head *)(void *)at;
}

/* Returns the next block, after it has merged free blocks that follow a free one. */
static uint8_t *next(uint8_t *at)
{
    struct head *head = head_at(at);
    while (head->taken == 0 && at + head->size < heap.end && head_at(at + head->size)->taken == 0)
        head->size += head_at(at + head->size)->size;
    return at + head->size;
}

static void set_used(size_t used)
{
    heap.used = used;
    if (used > heap.peak)
        heap.peak = used;
}

/* Frees what follows the first `size` bytes of a block. */
static void trim(uint8_t *at, uint32_t size)
{
    struct head *head = head_at(at);
    const uint32_t rest = head->size - size;
    if (rest < sizeof *head + ALIGN)
        return;
    head->size = size;
    *head_at(at + size) = (struct head){rest, 0};
}

void heap_start(void *bytes, size_t count)
{
    const size_t skip = (ALIGN - (uintptr_t)bytes % ALIGN) % ALIGN;
    const size_t whole = count > skip ? (count - skip) / ALIGN * ALIGN : 0;
    heap.start = (uint8_t *)bytes + skip;
    heap.end = heap.start;
    heap.used = 0;
    heap.peak = 0;
    if (whole < sizeof(struct head) || whole > UINT32_MAX)
        return;
    heap.end += whole;
    *head_at(heap.start) = (struct head){(uint32_t)whole, 0};
}

void *heap_take(size_t count)
{
    const size_t size = ((count > 0 ? count : 1) + sizeof(struct head) + ALIGN - 1) / ALIGN * ALIGN;
    if (size < count || size > UINT32_MAX)
        return NULL;
    for (uint8_t *at = heap.start; at < heap.end;) {
        uint8_t *after = next(at);
        struct head *head = head_at(at);
        if (head->taken == 0 && head->size >= size) {
            head->taken = 1;
            trim(at, (uint32_t)size);
            set_used(heap.used + head->size);
            return memset(at + sizeof *head, 0, head->size - sizeof *head);
        }
        at = after;
    }
    return NULL;
}

void heap_give(void *taken)
{
    if (taken == NULL)
        return;
    struct head *head = head_at((uint8_t *)taken - sizeof *head);
    head->taken = 0;
    set_used(heap.used - head->size);
}

void *heap_resize(void *taken, size_t count)
{
    if (taken == NULL)
        return heap_take(count);
    const size_t old = head_at((uint8_t *)taken - sizeof(struct head))->size - sizeof(struct head);
    if (count <= old)
        return taken;
    void *moved = heap_take(count);
    if (moved == NULL)
        return NULL;
    memcpy(moved, taken, old);
    heap_give(taken);
    return moved;
}

struct heap_use heap_use(void)
{
    size_t largest = 0;
    for (uint8_t *at = heap.start; at < heap.end;) {
        uint8_t *after = next(at);
        const struct head *head = head_at(at);
        if (head->taken == 0 && head->size - sizeof *head > largest)
            largest = head->size - sizeof *head;
        at = after;
    }
    return (struct heap_use){(size_t)(heap.end - heap.start), heap.used, heap.peak, largest};
}
