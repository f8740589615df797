/*
 * UTC on a node (F. Cristian, "Probabilistic clock synchronization", Distributed Computing 3, 1989). The shim's time is
 * assumed for the middle of the round trip, so half of the round trip bounds the error. An answer replaces the estimate
 * if its bound is smaller than the bound of the estimate, which grows with drift. The TypeScript twin is
 * host/device/node/utc.ts.
 */
#ifndef MOTE_UTC_H
#define MOTE_UTC_H

#include <stdbool.h>
#include <stdint.h>

struct utc {
    bool known;
    bool asked;
    uint64_t asked_us;
    /* UTC in microseconds at time zero of the node's clock. */
    int64_t offset_us;
    /* Twice the bound of the error at `at_us`, so that halves of a microsecond are integers. */
    uint64_t bound2_us;
    uint64_t at_us;
};

/* Returns the UTC time in milliseconds of a time of the node's clock. UTC must be known. */
int64_t utc_at(const struct utc *utc, uint64_t us);

void utc_ask(struct utc *utc, uint64_t now_us);

/* Returns whether the answer was to the last question and improved the estimate. */
bool utc_answer(struct utc *utc, uint64_t sent_us, uint64_t utc_ms, uint64_t now_us);

#endif
