/* The swap to a new module, and its trial: when they happen, and how a trial ends. */
#ifndef MOTE_TRIAL_H
#define MOTE_TRIAL_H

#include "base/constants.h"
#include "supervisor.h"

struct trial {
    /* The next module, loaded while the old one still runs; or NULL. */
    struct module *prepared;
    /* The package that is to be swapped in did not fit beside the old module: it is loaded after the old one has ended. */
    bool loads_late;
    /* Digest of that package. */
    uint8_t sha256[MESSAGE_SHA256_BYTES];
};

/* Loads the package that is ready, if there is one, and plans the swap. */
void trial_prepare(struct agent *agent);

/* Swaps to the package that was prepared, and reports what the swap cost. */
enum outcome trial_swap(struct agent *agent);

/* Judges the module on trial, if one runs; `timeout` says that its time is over. */
enum outcome trial_judge(struct agent *agent, bool timeout);

/* The time of the trial is over. */
enum outcome trial_time_over(struct agent *agent);

/* Ends the trial of a module that no longer runs. */
enum outcome trial_roll_back(struct agent *agent, const struct reason *why);

/* The node has restarted after a fault of the processor. If a package was ready then, it may be the cause: fail it. */
void trial_blame(struct agent *agent);

#endif
