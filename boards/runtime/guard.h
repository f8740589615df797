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

struct guard {
    int32_t countdown;
    /* Lowest address of a frame. */
    uintptr_t stack_floor;
    int64_t deadline_us;
    const struct instance_platform *platform;
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
