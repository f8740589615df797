/* Decides what follows the outcome of a part of the agent. */
#ifndef MOTE_DISPATCH_H
#define MOTE_DISPATCH_H

#include "supervisor.h"

/* Judges or rolls back a trial, and starts modules, until nothing follows. */
void dispatch(struct agent *agent, enum outcome outcome);

#endif
