/*
 * Limits how often something may happen: a number of times at once, and so often a day. The TypeScript twin is
 * host/base/budget.ts.
 */
#ifndef MOTE_BUDGET_H
#define MOTE_BUDGET_H

#include <stdint.h>

/* Zeros for a full one. */
struct budget {
    /* What has happened takes until here, at `per_day` a day. */
    uint64_t spent_until_us;
};

/* Returns the microseconds until it may happen, 0 if it may now. */
uint64_t budget_wait_us(const struct budget *budget, uint32_t per_day, uint64_t now_us);

/* Counts it as happening now. */
void budget_spend(struct budget *budget, uint32_t per_day, uint64_t now_us);

/* A time in whole seconds, rounded up. */
uint32_t budget_seconds(uint64_t wait_us);

#endif
