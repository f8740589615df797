/*
 * Bounds of one call into a module: time and native stack. wasm3 can not interrupt a loop, and the frames of its
 * interpreter and its compiler are on the native stack. interpreter.c hooks the places that all loops, calls and blocks
 * pass: each loop iteration and each function entry counts down, and once in GUARD_PERIOD, and after each host
 * function, the clock is read. No thread and no interrupt takes part, so it works for any number of instances, and
 * never stops a host function.
 */
#ifndef MOTE_GUARD_H
#define MOTE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "instance.h"

/* Loop iterations between two reads of the clock. A read takes 25 ns, and even 1000 fills of 64 KiB take only 2 ms. */
#define GUARD_PERIOD 1000

/* Frames of a trap that are kept: the one that trapped, and in the addon its callers. */
#if defined(BOARD_NAME)
#define GUARD_FRAMES 1
#else
#define GUARD_FRAMES 16
#endif

/* A function that a trap ended: where its compiled code was, as interpreter.c knows it. */
struct guard_frame {
    const void *pc;
    /* NULL for the function that the host called. */
    void *function;
};

struct guard {
    int32_t countdown;
    /* Lowest address of a frame. */
    uintptr_t stack_floor;
    int64_t deadline_us;
    const struct instance_platform *platform;
    /* The frames of the trap, innermost first; `depth` may be larger than what is kept. */
    uint32_t depth;
    struct guard_frame frames[GUARD_FRAMES];
    /* While a place is looked for: the code, what the compiler emits next, and the place in the module. */
    const void *target;
    const void *expected;
    uint32_t offset;
};

extern const char guard_deadline[];
extern const char guard_stack[];

/* Starts a call, or a compilation, that may last `deadline_us`. */
void guard_begin(struct guard *guard, int64_t deadline_us);

/* The slow path of guard_due, also called after each host function. Returns the trap to stop with, or NULL to go on. */
const char *guard_check(struct guard *guard);

static inline bool guard_deep(const struct guard *guard)
{
    return (uintptr_t)__builtin_frame_address(0) < guard->stack_floor;
}

static inline bool guard_due(struct guard *guard)
{
    return --guard->countdown < 0 || guard_deep(guard);
}

#endif
