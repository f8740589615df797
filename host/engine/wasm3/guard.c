#if defined(__linux__)
#define _GNU_SOURCE
#else
#define _DARWIN_C_SOURCE
#endif

#include "guard.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

const char guard_deadline[] = "[trap] deadline";
const char guard_stack[] = "[trap] native stack overflow";

/* What a host function called from the deepest frame needs. */
#define RESERVE_BYTES ((uintptr_t)64 * 1024)

static uintptr_t frame(void)
{
    return (uintptr_t)__builtin_frame_address(0);
}

/* Lowest address of this thread's stack, 0 when the system doesn't say. */
static uintptr_t thread_stack_low(void)
{
    static _Thread_local uintptr_t low;
    if (low != 0)
        return low;
#if defined(__linux__)
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        void *address = NULL;
        size_t size = 0;
        if (pthread_attr_getstack(&attributes, &address, &size) == 0)
            low = (uintptr_t)address;
        pthread_attr_destroy(&attributes);
    }
#elif defined(__APPLE__)
    low = (uintptr_t)pthread_get_stackaddr_np(pthread_self()) - pthread_get_stacksize_np(pthread_self());
#endif
    return low;
}

int64_t guard_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void guard_begin(struct guard *guard, int64_t deadline_ns, uintptr_t stack_bytes)
{
    const uintptr_t here = frame();
    const uintptr_t low = thread_stack_low() + RESERVE_BYTES;
    guard->countdown = GUARD_PERIOD;
    guard->stack_floor = here > low + stack_bytes ? here - stack_bytes : low;
    guard->deadline_ns = guard_now_ns() + deadline_ns;
}

void guard_soon(struct guard *guard)
{
    guard->countdown = 0;
}

const char *guard_check(struct guard *guard)
{
    if (frame() < guard->stack_floor)
        return guard_stack;
    guard->countdown = GUARD_PERIOD;
    return guard_now_ns() >= guard->deadline_ns ? guard_deadline : NULL;
}
