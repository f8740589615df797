/*
 * One entry of a program while it runs: its record, and access to memory through the unchecked fields of the record. An
 * access to memory that does not exist is a fault. A native kernel declines what it does not support before it writes a
 * byte, so that the portable kernel finds everything unchanged.
 */
#ifndef MOTE_KERNELS_OPERATION_H
#define MOTE_KERNELS_OPERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/operators.h"
#include "kernels.h"

enum outcome { DONE, DECLINED, FAULT };

struct operation {
    const struct kernels_space *space;
    /* The arena, and the bytes of memory from there on. */
    uint8_t *arena;
    uint32_t arena_bytes;
    /* Work that the call may still do. */
    uint64_t work_left;
    union operator_record record;
};

/* The kernel of each operator: kernel_add, ... */
#define DECLARE_KERNEL(number, name, record) enum outcome kernel_##name(struct operation *op);
OPERATORS(DECLARE_KERNEL)

/* Scratch memory of the kernels. */
#define SHARED_WORDS 1024
extern _Alignas(16) uint32_t kernels_shared[SHARED_WORDS];

/* More than any memory. */
#define TOO_MUCH ((uint64_t)1 << 32)

/* Returns the product of sizes: 0 if one is not positive, TOO_MUCH if it is that or more. */
static inline uint64_t volume(const int32_t *sizes, uint32_t count)
{
    uint64_t product = 1;
    for (uint32_t i = 0; i < count; i++) {
        if (sizes[i] <= 0)
            return 0;
        product *= (uint32_t)sizes[i];
        if (product > TOO_MUCH)
            product = TOO_MUCH;
    }
    return product;
}

/* Returns `bytes` bytes of memory at `address`, or NULL if they are not all there. */
static inline uint8_t *memory_at(const struct kernels_space *space, uint32_t address, uint64_t bytes)
{
    if (address > space->memory_bytes || bytes > space->memory_bytes - address)
        return NULL;
    return space->memory + address;
}

/* The same at an offset of the arena. */
static inline uint8_t *arena_at(const struct operation *op, int32_t offset, uint64_t bytes)
{
    uint32_t at = (uint32_t)offset;
    if (at > op->arena_bytes || bytes > op->arena_bytes - at)
        return NULL;
    return op->arena + at;
}

static inline const uint8_t *rom_at(const struct kernels_space *space, int32_t offset, uint64_t bytes)
{
    uint32_t at = (uint32_t)offset;
    if (at > space->rom_bytes || bytes > space->rom_bytes - at)
        return NULL;
    return space->rom + at;
}

/* Returns whether two areas share no byte. */
static inline bool apart(const uint8_t *a, uint64_t a_bytes, const uint8_t *b, uint64_t b_bytes)
{
    return (uintptr_t)a + (uintptr_t)a_bytes <= (uintptr_t)b || (uintptr_t)b + (uintptr_t)b_bytes <= (uintptr_t)a;
}

/*
 * Returns whether a kernel may process two areas of equal length value by value: they are the same area, or disjoint.
 */
static inline bool in_step(const uint8_t *a, const uint8_t *b, uint64_t bytes)
{
    return a == b || apart(a, bytes, b, bytes);
}

static inline bool aligned(const void *at)
{
    return ((uintptr_t)at & 3) == 0;
}

/*
 * Work is counted in multiply-accumulates. A processor without SIMD takes about eight instructions for one. Other work
 * is charged as measured on a Cortex-M0+.
 */
enum {
    ENTRY_WORK = 64,   /* an entry of the program */
    MOVE_WORK = 4,     /* a byte that goes alone */
    OUTPUT_WORK = 24,  /* a value that is scaled */
    EXP_WORK = 64,     /* an exponential, or a division */
    DIVIDE_WORK = 96,  /* a division in floating point, without a unit for it */
};

/* Charges `work`. Returns false if it is too much: then the portable kernel does it, which can be stopped. */
static inline bool spend(struct operation *op, uint64_t work)
{
    if (work > op->work_left)
        return false;
    op->work_left -= work;
    return true;
}

#endif
