/* RAM at start-up, the high-water mark of the stack, and the heap. */
#include "memory.h"

#include "chip.h"
#include "platform/hal.h"

/* Value of an unused word of the stack. */
#define PAINT 0x5AFEC0DEu

static uint32_t taken;

void memory_start(void)
{
    const uint32_t *from = memory_data_image;
    for (uint32_t *to = memory_data; to < memory_data_end; to++)
        *to = *from++;
    for (uint32_t *to = memory_zeros; to < memory_zeros_end; to++)
        *to = 0;
    for (uint32_t *to = memory_stack; to < memory_stack_top; to++)
        *to = PAINT;
}

uint32_t hal_stack_used(uint32_t *size)
{
    const uint32_t *at = memory_stack;
    while (at < memory_stack_top && *at == PAINT)
        at++;
    *size = (uint32_t)((uintptr_t)memory_stack_top - (uintptr_t)memory_stack);
    return (uint32_t)((uintptr_t)memory_stack_top - (uintptr_t)at);
}

uintptr_t hal_stack_floor(void)
{
    return (uintptr_t)memory_stack;
}

static uintptr_t heap_start(void)
{
    return ((uintptr_t)memory_heap + 15) & ~(uintptr_t)15;
}

static uintptr_t heap_end(void)
{
    return ((uintptr_t)memory_ram_end - taken) & ~(uintptr_t)15;
}

uint8_t *hal_module_heap(uint32_t *size)
{
    *size = (uint32_t)(heap_end() - heap_start());
    return (uint8_t *)heap_start();
}

void *chip_take(uint32_t bytes)
{
    uint32_t whole = (bytes + 15) & ~(uint32_t)15;
    if (whole < bytes || whole > heap_end() - heap_start())
        return NULL;
    taken += whole;
    return (uint8_t *)heap_end();
}
