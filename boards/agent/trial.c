/* The swap to a new module, and its trial. The TypeScript twin is host/device/node/trial.ts. */
#include "trial.h"

#include <string.h>

#include "platform/hal.h"
#include "state.h"
#include "update.h"

static const struct slots *slots_of(const struct agent *agent)
{
    return &agent->storage.slots;
}

void trial_blame(struct agent *agent)
{
    static const struct reason fault = {.number = REASON_PREPARE_FAULT};
    if (slots_find(slots_of(agent), SLOT_READY) == SLOT_NONE)
        return;
    update_start_trial(agent);
    update_fail(agent, &fault);
}

/* --- The swap --- */

static void unprepare(struct agent *agent)
{
    struct trial *trial = &agent->trial;
    schedule_at(&agent->schedule, TIMER_SWAP, SCHEDULE_NEVER);
    if (trial->prepared != NULL)
        module_unload(trial->prepared);
    trial->prepared = NULL;
    trial->loads_late = false;
}

void trial_prepare(struct agent *agent)
{
    struct trial *trial = &agent->trial;
    const int ready = transfer_ready(&agent->transfer);
    const uint8_t *sha256 = ready == SLOT_NONE ? NULL : slots_of(agent)->state.slot[ready].sha256;
    const bool planned = trial->prepared != NULL || trial->loads_late;
    if (planned && sha256 != NULL && memcmp(sha256, trial->sha256, sizeof trial->sha256) == 0)
        return;
    /* Another package was offered since. The prepared one is in no slot any more and must not run. */
    unprepare(agent);
    if (sha256 == NULL)
        return;
    struct module *next = agent->running == &agent->modules[0] ? &agent->modules[1] : &agent->modules[0];
    struct reason why;
    bool no_room;
    if (module_load(next, &agent->host, ready, &why, &no_room)) {
        trial->prepared = next;
    } else if (no_room && agent->running != NULL) {
        trial->loads_late = true;
    } else {
        /* It can not be loaded at all. The old module goes on, and this sequence is not accepted again. */
        update_start_trial(agent);
        const struct reason reason = supervisor_reason(&why, DURING_LOAD);
        update_fail(agent, &reason);
        return;
    }
    memcpy(trial->sha256, sha256, sizeof trial->sha256);
    schedule_at(&agent->schedule, TIMER_SWAP, hal_now_us());
}

static uint64_t lost_samples(struct agent *agent)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < agent->sensor_count; i++)
        sum += sensor_lost(&agent->sensors[i], hal_now_us());
    return sum;
}

/* Ends the old module and returns the next one, or NULL, with the cause in `why`, if it could not be loaded. */
static struct module *take_over(struct agent *agent, int slot, struct reason *why)
{
    struct module *next = agent->trial.prepared;
    bool no_room;
    agent->trial.prepared = NULL;
    supervisor_stop(agent);
    if (next != NULL)
        return next;
    agent->trial.loads_late = false;
    next = &agent->modules[0];
    return module_load(next, &agent->host, slot, why, &no_room) ? next : NULL;
}

enum outcome trial_swap(struct agent *agent)
{
    const int slot = slots_find(slots_of(agent), SLOT_READY);
    const uint64_t start_us = hal_work_us();
    const uint64_t lost_before = lost_samples(agent);
    update_report(agent, slot, TRANSFER_SWAPPING);
    update_start_trial(agent);
    struct reason why;
    struct module *next = take_over(agent, slot, &why);
    if (next == NULL) {
        const struct reason reason = supervisor_reason(&why, DURING_LOAD);
        return trial_roll_back(agent, &reason);
    }
    next->starting = true;
    agent->faults_in_row = 0;
    const enum outcome outcome = supervisor_run(agent, next);
    if (outcome == OUTCOME_TRIAL_FAULT)
        return outcome;
    struct message_ota message = update_status(agent, slot, TRANSFER_TRIAL);
    message.has_swap = true;
    message.swap_us = hal_work_us() - start_us;
    message.has_lost = true;
    message.lost = (uint32_t)(lost_samples(agent) - lost_before);
    uplink_control_ota(&agent->uplink, &message);
    next->starting = false;
    return trial_judge(agent, false);
}

/* --- The trial --- */

enum outcome trial_roll_back(struct agent *agent, const struct reason *reason)
{
    update_fail(agent, reason);
    return OUTCOME_RESTART;
}

enum verdict { VERDICT_WAIT, VERDICT_CONFIRM, VERDICT_FAIL };

static enum verdict failed(struct reason *why, enum reason_number sentence, int64_t number)
{
    refuse(why, sentence);
    reason_add(why, number);
    return VERDICT_FAIL;
}

static enum verdict judge(const struct module *module, bool link_up, bool timeout, struct reason *why)
{
    const uint32_t trial_ms = module->package.metadata.trial_ms;
    const bool healthy = module->has_answered && module->answer == 1;
    if (module->has_answered && module->answer < 0)
        return failed(why, REASON_HEALTH_FAILING, module->answer);
    if (module->misses > 0) {
        refuse(why, REASON_TRIAL_DEADLINE);
        return VERDICT_FAIL;
    }
    if (healthy && link_up)
        return VERDICT_CONFIRM;
    if (!timeout)
        return VERDICT_WAIT;
    if (healthy)
        return failed(why, REASON_TRIAL_LINK_DOWN, trial_ms);
    return failed(why, REASON_TRIAL_UNHEALTHY, trial_ms);
}

enum outcome trial_judge(struct agent *agent, bool timeout)
{
    const struct module *module = agent->running;
    struct reason why;
    if (module == NULL || module->starting || slots_of(agent)->state.slot[module->slot].state != SLOT_TRIAL)
        return OUTCOME_NONE;
    switch (judge(module, uplink_up(&agent->uplink), timeout, &why)) {
    case VERDICT_FAIL:
        supervisor_stop(agent);
        return trial_roll_back(agent, &why);
    case VERDICT_CONFIRM:
        schedule_at(&agent->schedule, TIMER_TRIAL, SCHEDULE_NEVER);
        update_confirm(agent, module->slot);
        uplink_control_birth(&agent->uplink);
        return OUTCOME_NONE;
    default:
        return OUTCOME_NONE;
    }
}

enum outcome trial_time_over(struct agent *agent)
{
    /* A message may have changed the health of a module that steps rarely: ask once more before the final verdict. */
    const enum outcome outcome = supervisor_health(agent);
    return outcome == OUTCOME_TRIAL_FAULT ? outcome : trial_judge(agent, true);
}
