/* Telemetry of the agent itself: metrics that follow those of the module in a birth message. */
#ifndef MOTE_VITALS_H
#define MOTE_VITALS_H

#include "link/message.h"

struct agent;

#define VITALS 6

struct vitals {
    /* Number of the first of these metrics: the metrics of the module in the last birth message. */
    uint32_t first_metric;
    /* Seconds between two reports, 0 for none; and where the setting `agent.vitals_s` is not set. */
    uint32_t period_s;
    int32_t default_s;
    /* Time asleep until the last report. */
    uint64_t asleep_us;
};

/* Reads the setting `agent.vitals_s`. Returns true if the period has changed. */
bool vitals_configure(struct agent *agent);

/* Reports now, and plans the next report. */
void vitals_publish(struct agent *agent);

/* A birth message now declares `metrics` metrics of the module. Returns how many of the agent itself follow them. */
uint32_t vitals_follow(struct vitals *vitals, uint32_t metrics);

/* Returns one of these metrics. */
struct message_metric vitals_metric(uint32_t index);

#endif
