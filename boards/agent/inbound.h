/* Messages that arrive over the link: commands, configuration, packages. */
#ifndef MOTE_INBOUND_H
#define MOTE_INBOUND_H

#include "link/message.h"

/* Handles one message; `context` is the struct agent. */
void inbound_receive(void *context, const struct message *message);

#endif
