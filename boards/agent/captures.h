/*
 * Captures: the raw samples before each event, so that they can be replayed through another module (docs/spec/node.md,
 * "Captures"). The oldest captures are dropped when there is no room.
 */
#ifndef MOTE_CAPTURES_H
#define MOTE_CAPTURES_H

#include "base/bytes.h"
#include "base/constants.h"
#include "base/reason.h"

struct agent;

struct captures {
    /* Captures one after another, the oldest first: a head, then the samples. */
    uint8_t *bytes;
    uint32_t size;
    uint32_t used;
    /* Number of the oldest, and of the next. */
    uint32_t first;
    uint32_t next;
    /* How many samples of each sensor were captured so far: captures do not repeat one another. */
    uint64_t captured[AGENT_SENSORS];
};

/* Captures what preceded event number `event`, of all sensors. */
void captures_keep(struct agent *agent, uint32_t event);

/* Names of the node's own commands begin with this. */
#define CAPTURES_PREFIX "agent."

/* Runs one of the node's own commands. Returns false, with the cause in `why`, if it failed. */
bool captures_command(struct agent *agent, struct span name, struct span body, struct reason *why);

#endif
