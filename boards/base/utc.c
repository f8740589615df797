/* Estimates UTC from questions and answers over a link. */
#include "utc.h"

#include "constants.h"

static int64_t floor_thousandth(int64_t value)
{
    return value >= 0 ? value / 1000 : -((999 - value) / 1000);
}

int64_t utc_at(const struct utc *utc, uint64_t us)
{
    return floor_thousandth(utc->offset_us + (int64_t)us);
}

void utc_ask(struct utc *utc, uint64_t now_us)
{
    utc->asked = true;
    utc->asked_us = now_us;
}

bool utc_answer(struct utc *utc, uint64_t sent_us, uint64_t utc_ms, uint64_t now_us)
{
    if (!utc->asked || sent_us != utc->asked_us || utc_ms > NODE_MAX_UTC_MS)
        return false;
    utc->asked = false;
    const uint64_t bound2_us = now_us - sent_us;
    /* In units of half a millionth of a microsecond. */
    const uint64_t grown = utc->bound2_us * 1000000 + (now_us - utc->at_us) * 2 * NODE_UTC_DRIFT_PPM;
    if (utc->known && bound2_us * 1000000 > grown)
        return false;
    /* The bound is rounded up, so the half that is subtracted is rounded down. */
    utc->offset_us = (int64_t)(utc_ms * 1000) - (int64_t)sent_us - (int64_t)(bound2_us / 2);
    utc->known = true;
    utc->bound2_us = bound2_us;
    utc->at_us = now_us;
    return true;
}
