/* What the node sends to its link. Frames and events are numbered from the start of the node. */
#ifndef MOTE_PUBLISHER_H
#define MOTE_PUBLISHER_H

#include "base/text.h"
#include "link/message.h"

struct agent;

/* Numbers of the next frame and of the next event. */
struct publisher {
    uint32_t frames;
    uint32_t events;
};

/* Numbers the frame and sends it. */
void publisher_telemetry(struct agent *agent, struct message_telemetry *frame);

/* Sends an event. Returns false if there is no room for it. */
bool publisher_event(struct agent *agent, struct span name, struct span body);

/* Sends one log line. Control characters become spaces, and a line that is too long is cut. */
void publisher_log(struct agent *agent, uint8_t level, struct span line);

/* Logs an error of the agent itself. */
void publisher_error(struct agent *agent, const struct reason *reason);

#endif
