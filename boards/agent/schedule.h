/*
 * The timers of the agent, one of each kind. Of two that are due at the same time, the one that was set first comes
 * first, as on the clock of host/base/clock.ts.
 */
#ifndef MOTE_SCHEDULE_H
#define MOTE_SCHEDULE_H

#include <stdint.h>

enum timer {
    TIMER_STEP,    /* the next step of the module */
    TIMER_ERASE,   /* erasing the next page for a package */
    TIMER_SWAP,    /* the swap to the prepared module */
    TIMER_TRIAL,   /* the end of the time of a trial */
    TIMER_RESTART, /* the restart of a module after a fault */
    TIMER_VITALS,  /* the telemetry of the agent itself */
    TIMERS,
};

#define SCHEDULE_NEVER UINT64_MAX

struct schedule {
    uint64_t due_us[TIMERS];
    uint32_t order[TIMERS];
    uint32_t asked;
};

void schedule_init(struct schedule *schedule);

/* Sets the timer to `due_us`, or clears it with SCHEDULE_NEVER. */
void schedule_at(struct schedule *schedule, enum timer timer, uint64_t due_us);

/* Returns the timer that is due next and its time, or TIMERS if none is set. */
enum timer schedule_next(const struct schedule *schedule, uint64_t *due_us);

#endif
