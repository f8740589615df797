/*
 * A module's life on a node: started, stepped when it wants to be, asked for its health, ended by its first fault. The
 * same as host/device/node/supervisor.ts and the part of node.ts that starts it again.
 */
#include <string.h>

#include "platform/hal.h"
#include "agent.h"
#include "base/text.h"

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

static void log_fault(struct agent *agent, const struct reason *fault)
{
    char space[REASON_CODE_BYTES + 1 + REASON_TEXT_BYTES];
    struct text text = text_in(space, sizeof space);
    text_add(&text, fault->code);
    text_add(&text, " ");
    text_add(&text, fault->text);
    publisher_error(agent, &text);
}

/* "during: sentence", on one line. */
struct reason supervisor_reason(const struct reason *why, const char *during)
{
    char space[REASON_TEXT_BYTES];
    struct text text = text_in(space, sizeof space);
    text_add(&text, during);
    text_add(&text, ": ");
    text_add_line(&text, (const uint8_t *)why->text, strlen(why->text));
    struct reason reason;
    text_reason(&reason, why->code, &text);
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

void supervisor_fault(struct agent *agent, const struct reason *why, const char *during, bool trial)
{
    const struct reason fault = supervisor_reason(why, during);
    agent->fault = fault;
    agent->faults_in_row++;
    supervisor_stop(agent);
    log_fault(agent, &fault);
    if (trial)
        trial_roll_back(agent, &fault);
    else
        supervisor_start_later(agent, hal_now_us());
}

static void fail(struct agent *agent, const struct module *module, const struct reason *why, const char *during)
{
    supervisor_fault(agent, why, during, on_trial(agent, module));
}

static void log_health(struct agent *agent, int32_t answer)
{
    char space[64];
    struct text text = text_in(space, sizeof space);
    text_add(&text, "the module says that it is failing (");
    text_add_number(&text, answer);
    text_add(&text, ")");
    publisher_error(agent, &text);
}

static void ask(struct agent *agent, struct module *module, uint64_t now_us)
{
    struct reason why;
    int32_t answer;
    if (!module_health(module, &answer, &why)) {
        fail(agent, module, &why, "health");
        return;
    }
    const bool news = !module->has_answered || module->answer != answer;
    module->has_answered = true;
    module->answer = answer;
    module->answer_us = now_us;
    const bool trial = on_trial(agent, module);
    if (news && answer < 0 && !trial)
        log_health(agent, answer);
    if (answer == 1)
        agent->faults_in_row = 0;
    if (answer == 1 && agent->faults_kept)
        agent_count_faults(agent, 0);
    if (trial)
        trial_judge(agent, false);
}

void supervisor_ask(struct agent *agent)
{
    if (agent->running != NULL)
        ask(agent, agent->running, hal_now_us());
}

void supervisor_step(struct agent *agent)
{
    struct module *module = agent->running;
    const uint64_t now_us = hal_now_us();
    uint64_t next_us;
    struct reason why;
    if (!module_step(module, now_us, &next_us, &why)) {
        fail(agent, module, &why, "step");
        return;
    }
    const uint64_t end_us = hal_now_us();
    /* Pages that were erased for what it stored are the chip's time, not the module's. */
    if (end_us > next_us && end_us - next_us > NODE_LATE_US + module->stored_us)
        module->misses++;
    schedule_at(&agent->schedule, TIMER_STEP, next_us);
    if (on_trial(agent, module) || !module->has_answered || now_us - module->answer_us >= NODE_HEALTH_US)
        ask(agent, module, now_us);
}

void supervisor_run(struct agent *agent, struct module *next)
{
    agent->running = next;
    if (on_trial(agent, next))
        schedule_at(&agent->schedule, TIMER_TRIAL,
                    hal_now_us() + (uint64_t)next->package.metadata.trial_ms * 1000);
    struct reason why;
    uplink_hold(&agent->uplink);
    const bool ready = module_init(next, &why);
    uplink_control_birth(&agent->uplink);
    if (ready)
        supervisor_step(agent);
    else
        fail(agent, next, &why, "init");
}

bool supervisor_message(struct agent *agent, int32_t id, struct span body)
{
    struct module *module = agent->running;
    struct reason why;
    if (module == NULL)
        return false;
    if (module_message(module, id, body, &why))
        return true;
    fail(agent, module, &why, "on_message");
    return false;
}

/* Loads what the slots say and runs it. */
static void boot(struct agent *agent)
{
    struct module *next = &agent->modules[0];
    struct reason why;
    bool no_room;
    int slot;
    schedule_at(&agent->schedule, TIMER_RESTART, SCHEDULE_NEVER);
    if (!slots_boot(&agent->storage.slots, &slot, &why))
        agent_broken(why.text);
    if (slot == SLOT_NONE) {
        uplink_control_birth(&agent->uplink);
        return;
    }
    if (agent->prepared == next)
        next = &agent->modules[1];
    if (module_load(next, agent, slot, &why, &no_room))
        supervisor_run(agent, next);
    else
        supervisor_fault(agent, &why, "load", trial_on_trial(agent));
}

void supervisor_start(struct agent *agent)
{
    do {
        agent->reset_due = false;
        boot(agent);
    } while (agent->reset_due);
}
