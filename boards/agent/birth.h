/* The birth message: who a node is, what runs on it, and the metrics and commands that both declare. */
#ifndef MOTE_BIRTH_H
#define MOTE_BIRTH_H

#include "link/message.h"

struct agent;

/* Fills `birth` with the present state. From here on the agent's own metrics follow those of the running module. */
void birth_describe(struct agent *agent, struct message_birth *birth);

#endif
