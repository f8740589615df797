/* What the link needs from outside: a clock with timers, random numbers, a stream of bytes. */
#ifndef MOTE_LINK_IO_H
#define MOTE_LINK_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link_io {
    /* Monotonic microseconds. */
    uint64_t (*now_us)(void *context);
    /* Random bits for the number of a session. They must differ from start to start. */
    uint32_t (*session_id)(void *context);
    /* Passes bytes to the stream and returns how many it took. Call `uplink_output` when it can take more. */
    size_t (*write)(void *context, const uint8_t *bytes, size_t count);
    void *context;
    /*
     * Counts the timers of all who share a clock with the link: of two that are due at the same time, the one that was
     * set first comes first.
     */
    uint32_t *timers;
};

struct link_timer {
    bool set;
    uint32_t order;
    uint64_t due_us;
};

void link_timer_set(struct link_timer *timer, const struct link_io *io, uint64_t delay_us);

/* Returns the timer that comes first, or NULL if neither is set. Each of the two may be NULL. */
const struct link_timer *link_timer_first(const struct link_timer *a, const struct link_timer *b);

#endif
