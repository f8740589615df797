/*
 * Updates over the air: transfer of a package into a slot, and what the slots record of its trial. Each change is
 * reported over the link.
 */
#ifndef MOTE_UPDATE_H
#define MOTE_UPDATE_H

#include "link/message.h"
#include "update/transfer.h"

struct agent;

void update_open(struct agent *agent);

/* Messages of a transfer. */
void update_offer(struct agent *agent, const struct message_offer *offer);
void update_chunk(struct agent *agent, const struct message_chunk *chunk);

/* Erases one more page for the package that was offered. */
void update_erase(struct agent *agent);

/* Returns the status of a slot as a message, and sends it. */
struct message_ota update_status(struct agent *agent, int slot, enum transfer_state state);
void update_report(struct agent *agent, int slot, enum transfer_state state);

/* Records that the ready package runs from now on, on trial; that the trial has succeeded; that it has failed. */
void update_start_trial(struct agent *agent);
void update_confirm(struct agent *agent, int slot);
void update_fail(struct agent *agent, const struct reason *reason);

/* Fills `status` if the last trial has failed. Returns false if it has not. */
bool update_failure(const struct agent *agent, struct message_ota *status);

#endif
