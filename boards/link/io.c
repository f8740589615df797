/* Timers of the link. */
#include "io.h"

void link_timer_set(struct link_timer *timer, const struct link_io *io, uint64_t delay_us)
{
    *timer = (struct link_timer){.set = true, .order = (*io->timers)++, .due_us = io->now_us(io->context) + delay_us};
}

const struct link_timer *link_timer_first(const struct link_timer *a, const struct link_timer *b)
{
    if (a == NULL || !a->set)
        return b != NULL && b->set ? b : NULL;
    if (b == NULL || !b->set)
        return a;
    if (a->due_us != b->due_us)
        return a->due_us < b->due_us ? a : b;
    /* The counter may have wrapped around. */
    return (int32_t)(a->order - b->order) < 0 ? a : b;
}
