/*
 * Supervision of the module that runs: started, stepped at the times it asks for, asked for its health, ended by its
 * first fault.
 */
#ifndef MOTE_SUPERVISOR_H
#define MOTE_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/reason.h"

struct agent;
struct module;

/* What a part of the agent has done, from which dispatch.c decides what follows. */
enum outcome {
    OUTCOME_NONE,        /* nothing follows */
    OUTCOME_FAULT,       /* the module has faulted and was ended; its next start is planned */
    OUTCOME_HEALTH,      /* the module on trial has reported its health */
    OUTCOME_TRIAL_FAULT, /* the module on trial has faulted and was ended; the fault is agent->fault */
    OUTCOME_RESTART,     /* no module runs: start the one that the slots select */
};

/* Loads and runs the module that the slots select, if there is one. */
enum outcome supervisor_start(struct agent *agent);

/* Plans supervisor_start for later: after a delay from `since_us` that doubles with each fault in a row. */
void supervisor_start_later(struct agent *agent, uint64_t since_us);

/* Runs a loaded module: init, the birth message, then the first step. */
enum outcome supervisor_run(struct agent *agent, struct module *next);

/* Ends the module and cancels its timers. */
void supervisor_stop(struct agent *agent);

/* Runs one step. Asks for the health if the module is on trial, or has not been asked for some time. */
enum outcome supervisor_step(struct agent *agent);

/* Delivers a command for subscription `id`, or -1 for a changed configuration, if a module runs. */
enum outcome supervisor_message(struct agent *agent, int32_t id, struct span body);

/* Asks for the health now, if a module runs. */
enum outcome supervisor_health(struct agent *agent);

/* Stores the number of faults of the processor in a row. */
void supervisor_count_faults(struct agent *agent, uint32_t faults);

/* Returns a reason whose sentence begins with what was under way, such as "load". */
struct reason supervisor_reason(const struct reason *why, enum reason_during during);

#endif
