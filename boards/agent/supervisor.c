/* Supervision of the module that runs. The TypeScript twin is host/device/node/supervisor.ts. */
#include "supervisor.h"

#include "panic.h"
#include "platform/hal.h"
#include "state.h"

static bool on_trial(const struct agent *agent, const struct module *module)
{
    return agent->storage.slots.state.slot[module->slot].state == SLOT_TRIAL;
}

void supervisor_stop(struct agent *agent)
{
    schedule_at(&agent->schedule, TIMER_STEP, SCHEDULE_NEVER);
    schedule_at(&agent->schedule, TIMER_RESTART, SCHEDULE_NEVER);
    schedule_at(&agent->schedule, TIMER_TRIAL, SCHEDULE_NEVER);
    if (agent->running != NULL)
        module_unload(agent->running);
    agent->running = NULL;
}

/* --- Faults --- */

struct reason supervisor_reason(const struct reason *why, enum reason_during during)
{
    struct reason reason = *why;
    reason.during = (uint8_t)during;
    return reason;
}

static uint64_t restart_us(uint32_t faults)
{
    uint64_t delay = NODE_RESTART_US;
    while (--faults > 0 && delay < NODE_MAX_RESTART_US)
        delay *= 2;
    return delay < NODE_MAX_RESTART_US ? delay : NODE_MAX_RESTART_US;
}

void supervisor_start_later(struct agent *agent, uint64_t since_us)
{
    schedule_at(&agent->schedule, TIMER_RESTART, since_us + restart_us(agent->faults_in_row));
}

void supervisor_count_faults(struct agent *agent, uint32_t faults)
{
    const enum kv_result result = storage_save_faults(&agent->storage, faults);
    /* A number that could not be stored is lost at the next start. A failure of the flash shows elsewhere. */
    agent->faults_stored = faults > 0 && result == KV_OK;
    agent->faults_in_row = faults;
    identity_load(&agent->identity, &agent->storage);
}

static enum outcome fault(struct agent *agent, const struct reason *why, enum reason_during during, bool trial)
{
    agent->fault = supervisor_reason(why, during);
    agent->faults_in_row++;
    supervisor_stop(agent);
    publisher_error(agent, &agent->fault);
    if (trial)
        return OUTCOME_TRIAL_FAULT;
    supervisor_start_later(agent, hal_now_us());
    return OUTCOME_FAULT;
}

static enum outcome fault_in(struct agent *agent, const struct module *module, const struct reason *why,
                             enum reason_during during)
{
    return fault(agent, why, during, on_trial(agent, module));
}

/* --- Health --- */

static void log_health(struct agent *agent, int32_t answer)
{
    struct reason reason;
    refuse(&reason, REASON_FAILING);
    reason_add(&reason, answer);
    publisher_error(agent, &reason);
}

static enum outcome ask(struct agent *agent, struct module *module, uint64_t now_us)
{
    struct reason why;
    int32_t answer;
    if (!module_health(module, &answer, &why))
        return fault_in(agent, module, &why, DURING_HEALTH);
    const bool changed = !module->has_answered || module->answer != answer;
    module->has_answered = true;
    module->answer = answer;
    module->answer_us = now_us;
    const bool trial = on_trial(agent, module);
    if (changed && answer < 0 && !trial)
        log_health(agent, answer);
    if (answer == 1)
        agent->faults_in_row = 0;
    if (answer == 1 && agent->faults_stored)
        supervisor_count_faults(agent, 0);
    return trial ? OUTCOME_HEALTH : OUTCOME_NONE;
}

enum outcome supervisor_health(struct agent *agent)
{
    return agent->running != NULL ? ask(agent, agent->running, hal_now_us()) : OUTCOME_NONE;
}

/* --- Calls --- */

enum outcome supervisor_step(struct agent *agent)
{
    struct module *module = agent->running;
    const uint64_t now_us = hal_now_us();
    uint64_t next_us;
    struct reason why;
    if (!module_step(module, now_us, &next_us, &why))
        return fault_in(agent, module, &why, DURING_STEP);
    const uint64_t end_us = hal_now_us();
    /* The time that the flash takes to erase pages is not the module's. */
    if (end_us > next_us && end_us - next_us > NODE_LATE_US + module->stored_us)
        module->misses++;
    schedule_at(&agent->schedule, TIMER_STEP, next_us);
    if (on_trial(agent, module) || !module->has_answered || now_us - module->answer_us >= NODE_HEALTH_US)
        return ask(agent, module, now_us);
    return OUTCOME_NONE;
}

enum outcome supervisor_run(struct agent *agent, struct module *next)
{
    agent->running = next;
    if (on_trial(agent, next))
        schedule_at(&agent->schedule, TIMER_TRIAL,
                    hal_now_us() + (uint64_t)next->package.metadata.trial_ms * 1000);
    struct reason why;
    uplink_hold(&agent->uplink);
    const bool ready = module_init(next, &why);
    uplink_control_birth(&agent->uplink);
    return ready ? supervisor_step(agent) : fault_in(agent, next, &why, DURING_INIT);
}

enum outcome supervisor_message(struct agent *agent, int32_t id, struct span body)
{
    struct module *module = agent->running;
    struct reason why;
    if (module == NULL || module_message(module, id, body, &why))
        return OUTCOME_NONE;
    return fault_in(agent, module, &why, DURING_ON_MESSAGE);
}

enum outcome supervisor_start(struct agent *agent)
{
    struct module *next = &agent->modules[0];
    struct reason why;
    bool no_room;
    int slot;
    schedule_at(&agent->schedule, TIMER_RESTART, SCHEDULE_NEVER);
    if (!slots_boot(&agent->storage.slots, &slot, &why))
        panic(&why);
    if (slot == SLOT_NONE) {
        uplink_control_birth(&agent->uplink);
        return OUTCOME_NONE;
    }
    if (agent->trial.prepared == next)
        next = &agent->modules[1];
    if (module_load(next, &agent->host, slot, &why, &no_room))
        return supervisor_run(agent, next);
    return fault(agent, &why, DURING_LOAD, slots_find(&agent->storage.slots, SLOT_TRIAL) != SLOT_NONE);
}
