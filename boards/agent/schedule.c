/* The agent's timers. */
#include "schedule.h"

#include <stdbool.h>

void schedule_init(struct schedule *schedule)
{
    *schedule = (struct schedule){0};
    for (int i = 0; i < TIMERS; i++)
        schedule->due_us[i] = SCHEDULE_NEVER;
}

void schedule_at(struct schedule *schedule, enum timer timer, uint64_t due_us)
{
    schedule->due_us[timer] = due_us;
    schedule->order[timer] = schedule->asked++;
}

enum timer schedule_next(const struct schedule *schedule, uint64_t *due_us)
{
    enum timer next = TIMERS;
    *due_us = SCHEDULE_NEVER;
    for (enum timer i = 0; i < TIMERS; i++) {
        const uint64_t due = schedule->due_us[i];
        /* The counter may wrap, but the timers that are set are close to one another. */
        const bool tie = due == *due_us && next != TIMERS;
        if (due < *due_us || (tie && (int32_t)(schedule->order[i] - schedule->order[next]) < 0)) {
            next = i;
            *due_us = due;
        }
    }
    return next;
}
