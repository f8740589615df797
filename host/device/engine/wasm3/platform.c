#if defined(__linux__)
#define _GNU_SOURCE
#else
#define _DARWIN_C_SOURCE
#endif

#include "platform.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/interpreter.h"

/* Frames of the interpreter are about 100 bytes; V8 wants some of the 1 MB that it gives JavaScript for host functions. */
#define STACK_BYTES ((uintptr_t)256 * 1024)
/* What a host function called from the deepest frame needs. */
#define RESERVE_BYTES ((uintptr_t)64 * 1024)

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

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static uintptr_t stack_floor(void)
{
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    const uintptr_t low = thread_stack_low() + RESERVE_BYTES;
    return here > low + STACK_BYTES ? here - STACK_BYTES : low;
}

const struct instance_platform platform = {now_us, stack_floor};

void *m3_Malloc_Impl(size_t count)
{
    return calloc(count > 0 ? count : 1, 1);
}

void m3_Free_Impl(void *taken)
{
    free(taken);
}

void *m3_Realloc_Impl(void *taken, size_t count, size_t old_count)
{
    uint8_t *moved = realloc(taken, count > 0 ? count : 1);
    if (moved != NULL && count > old_count)
        memset(moved + old_count, 0, count - old_count);
    return moved;
}
