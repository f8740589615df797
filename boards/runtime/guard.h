/*
 * Bounds of one call into a module: time and native stack.
 *
 * wasm3 can't interrupt a loop, and its frames live on the native stack, those of its compiler as well. They are bounded where all loops,
 * calls and blocks pass, in the places that interpreter.c hooks: each loop iteration and each function entry counts down, and once in
 * GUARD_PERIOD, and after each host function, the clock is read. No thread and no interrupt takes part, so it works for any number of machines, and never stops a host
 * function.
 */
#ifndef MOTE_GUARD_H
#define MOTE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "instance.h"

/* Loop iterations between two looks at the clock: it costs 25 ns, and even 1000 fills of 64 KiB take only 2 ms. */
#define GUARD_PERIOD 1000

struct guard {
    int32_t countdown;
    /* Lowest address that a frame may have. */
    uintptr_t stack_floor;
    int64_t deadline_us;
    const struct instance_platform *platform;
};

extern const char guard_deadline[];
extern const char guard_stack[];

/* Begins a call, or compilation, that may last `deadline_us`. */
void guard_begin(struct guard *guard, int64_t deadline_us);

/* The slow path of guard_due, and what follows each host function: the trap to stop with, or NULL to go on. */
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
