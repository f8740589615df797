/*
 * What is to happen when: one time for each thing that the agent waits for. Of two at one time the one that was asked
 * for first comes first, as on the clock of host/device/link/virtual-clock.ts.
 */
#ifndef MOTE_SCHEDULE_H
#define MOTE_SCHEDULE_H

#include <stdint.h>

enum timer {
    TIMER_STEP,    /* the module's next step */
    TIMER_ERASE,   /* the next page for a package */
    TIMER_SWAP,    /* to the module that is prepared */
    TIMER_TRIAL,   /* the end of a trial's time */
    TIMER_RESTART, /* of a module after its fault */
    TIMER_VITALS,  /* the agent's own telemetry */
    TIMERS,
};

#define SCHEDULE_NEVER UINT64_MAX

struct schedule {
    uint64_t due_us[TIMERS];
    uint32_t order[TIMERS];
    uint32_t asked;
};

void schedule_init(struct schedule *schedule);

/* At `due_us`, in place of what was asked before; SCHEDULE_NEVER: not at all. */
void schedule_at(struct schedule *schedule, enum timer timer, uint64_t due_us);

/* The next thing, TIMERS when there is none, and its time. */
enum timer schedule_next(const struct schedule *schedule, uint64_t *due_us);

#endif
