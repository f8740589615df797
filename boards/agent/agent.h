/* The node as a whole: its start and its turns. The TypeScript twin is host/device/node/node.ts. */
#ifndef MOTE_AGENT_H
#define MOTE_AGENT_H

#include "state.h"

/* Opens the flash, counts a start, and starts the module and the link. Stops the node if its flash does not work. */
void agent_start(struct agent *agent);

/* Does what is due now and processes the bytes that came over the link. Returns false if there was neither. */
bool agent_turn(struct agent *agent);

/* Returns when the next thing is due, UINT64_MAX for never. */
uint64_t agent_next_us(const struct agent *agent);

#endif
