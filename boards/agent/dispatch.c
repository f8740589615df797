/*
 * A fault may end a trial, and the end of a trial starts a module, which may fault in turn. The supervisor therefore
 * never calls the trial: it returns an outcome, and this file decides.
 */
#include "dispatch.h"

#include "state.h"

void dispatch(struct agent *agent, enum outcome outcome)
{
    for (;;) {
        if (outcome == OUTCOME_HEALTH)
            outcome = trial_judge(agent, false);
        else if (outcome == OUTCOME_TRIAL_FAULT)
            outcome = trial_roll_back(agent, &agent->fault);
        if (outcome != OUTCOME_RESTART)
            return;
        outcome = supervisor_start(agent);
    }
}
