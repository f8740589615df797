/*
 * The last raw samples before events, kept for whoever wants to play them to another module (docs/spec/node.md, "Raw
 * windows"). The oldest go when there is no room. The same as host/device/node/captures.ts.
 */
#ifndef MOTE_CAPTURES_H
#define MOTE_CAPTURES_H

#include "base/bytes.h"
#include "bounds.h"
#include "sensor.h"
#include "base/text.h"

struct agent;

struct captures {
    /* Windows one after another, the oldest first: a head, then the samples. */
    uint8_t *bytes;
    uint32_t size;
    uint32_t used;
    /* Number of the oldest, and of the next. */
    uint32_t first;
    uint32_t next;
    /* Samples of each sensor that were kept: windows don't repeat one another. */
    uint64_t retained[AGENT_SENSORS];
};

/* Keeps what led to event number `event` of all sensors. */
void captures_keep(struct agent *agent, uint32_t event);

/* One of the node's own commands, whose names begin with OWN_PREFIX. False, and why: it wasn't done. */
#define OWN_PREFIX "agent."
bool captures_command(struct agent *agent, struct span name, struct span body, struct text *why);

#endif
