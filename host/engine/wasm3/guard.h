/*
 * Bounds of one call into a module: wall-clock time and native stack.
 *
 * wasm3 can't interrupt a loop, and its frames live on the native stack. Both are bounded where all loops and calls pass, in the two
 * places that interpreter.c hooks: each loop iteration and each function entry counts down, and once in GUARD_PERIOD the clock is
 * read. No thread and no signal takes part, so it works in every thread, for any number of machines, and never stops a host function.
 */
#ifndef MOTE_GUARD_H
#define MOTE_GUARD_H

#include <stdint.h>
#include <stdbool.h>

/* Loop iterations between two looks at the clock: it costs 25 ns, and even 1000 fills of 64 KiB take only 2 ms. */
#define GUARD_PERIOD 1000

struct guard {
    int32_t countdown;
    /* Lowest address that a frame of the interpreter may have. */
    uintptr_t stack_floor;
    /* On the monotonic clock. */
    int64_t deadline_ns;
};

extern const char guard_deadline[];
extern const char guard_stack[];

int64_t guard_now_ns(void);

/* Begins a call that may last `deadline_ns` and use `stack_bytes` of native stack, if the thread has so much. */
void guard_begin(struct guard *guard, int64_t deadline_ns, uintptr_t stack_bytes);

/* Looks at the clock at the next loop iteration or call: after a host function, which may take any time. */
void guard_soon(struct guard *guard);

/* The slow path of guard_due: the trap to stop with, or NULL to go on. */
const char *guard_check(struct guard *guard);

static inline bool guard_due(struct guard *guard)
{
    return --guard->countdown < 0 || (uintptr_t)__builtin_frame_address(0) < guard->stack_floor;
}

#endif
