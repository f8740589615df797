/* Bounds of time and native stack. */
#include "guard.h"

#include <stddef.h>

const char guard_deadline[] = "[trap] deadline";
const char guard_stack[] = "[trap] stack overflow";

void guard_begin(struct guard *guard, int64_t deadline_us)
{
    const int64_t now_us = guard->platform->now_us();
    guard->countdown = GUARD_PERIOD;
    guard->depth = 0;
    guard->stack_floor = guard->platform->stack_floor();
    guard->deadline_us = deadline_us < INT64_MAX - now_us ? now_us + deadline_us : INT64_MAX;
}

const char *guard_check(struct guard *guard)
{
    if (guard_deep(guard))
        return guard_stack;
    guard->countdown = GUARD_PERIOD;
    return guard->platform->now_us() >= guard->deadline_us ? guard_deadline : NULL;
}
