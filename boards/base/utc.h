/*
 * UTC on a node: F. Cristian, "Probabilistic clock synchronization", Distributed Computing 3, 1989. The shim's time is
 * taken as of the middle of the round trip, so half of the round trip bounds the error; an answer replaces the estimate
 * when its bound is smaller than what the old one has become through drift. The same as host/device/node/utc.ts.
 */
#ifndef MOTE_UTC_H
#define MOTE_UTC_H

#include <stdbool.h>
#include <stdint.h>

struct utc {
    bool known;
    bool asked;
    uint64_t asked_us;
    /* UTC in microseconds at zero of the node's clock. */
    int64_t offset_us;
    /* Twice the bound of its error, so that halves are whole, as of `at_us`. */
    uint64_t bound2_us;
    uint64_t at_us;
};

/* UTC milliseconds of a time of the node's clock; only when it is known. */
int64_t utc_at(const struct utc *utc, uint64_t us);

void utc_ask(struct utc *utc, uint64_t now_us);

/* True when the answer was to the last question and improved the clock. */
bool utc_answer(struct utc *utc, uint64_t sent_us, uint64_t utc_ms, uint64_t now_us);

#endif
