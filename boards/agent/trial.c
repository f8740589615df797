/*
 * Over-the-air updates: packages are judged before they may run, swapped in, run on trial, and are confirmed or rolled
 * back. The same as host/device/node/trial.ts and update.ts.
 */
#include <string.h>

#include "base/abi.h"
#include "platform/hal.h"
#include "agent.h"
#include "base/text.h"

static struct slots *slots_of(struct agent *agent)
{
    return &agent->storage.slots;
}

/* --- Statuses --- */

static struct message_ota message_of(const struct transfer_status *status)
{
    struct message_ota message = {
        .state = (uint8_t)status->state,
        .sequence = status->sequence,
        .sha256 = status->sha256,
        .received = status->received,
        .total = status->total,
    };
    if (status->reason != NULL && status->reason->code[0] != '\0') {
        message.reason_code = text_of(status->reason->code);
        message.reason_text = text_of(status->reason->text);
    }
    return message;
}

static void report(void *context, const struct transfer_status *status)
{
    struct agent *agent = context;
    const struct message_ota message = message_of(status);
    uplink_control_ota(&agent->uplink, &message);
}

static void report_slot(struct agent *agent, int slot, enum transfer_state state)
{
    const struct transfer_status status = transfer_status_of(slots_of(agent), slot, state);
    report(agent, &status);
}

bool trial_failure(const struct agent *agent, struct message_ota *message)
{
    const int slot = slots_find(&agent->storage.slots, SLOT_FAILED);
    if (slot == SLOT_NONE)
        return false;
    const struct transfer_status status = transfer_status_of(&agent->storage.slots, slot, TRANSFER_ROLLEDBACK);
    *message = message_of(&status);
    return true;
}

void trial_open(struct agent *agent)
{
    const struct transfer_callbacks callbacks = {.verify = verify_package, .status = report, .context = agent};
    transfer_open(&agent->transfer, slots_of(agent), &callbacks);
}

/* A page at a time, between whatever else is due: it stops the chip for a while. */
static void plan_erase(struct agent *agent)
{
    if (transfer_erasing(&agent->transfer) && agent->schedule.due_us[TIMER_ERASE] == SCHEDULE_NEVER)
        schedule_at(&agent->schedule, TIMER_ERASE, hal_now_us());
}

void trial_offer(struct agent *agent, const struct message_offer *offer)
{
    struct slots_offer wanted = {.sequence = offer->sequence, .total = offer->total};
    memcpy(wanted.sha256, offer->sha256, sizeof wanted.sha256);
    transfer_offer(&agent->transfer, &wanted);
    plan_erase(agent);
}

void trial_erase(struct agent *agent)
{
    transfer_erase(&agent->transfer);
    plan_erase(agent);
}

void trial_chunk(struct agent *agent, const struct message_chunk *chunk)
{
    transfer_chunk(&agent->transfer, chunk->transfer, chunk->offset, chunk->bytes.bytes, chunk->bytes.count);
    plan_erase(agent);
}

/* --- The swap --- */

bool trial_on_trial(const struct agent *agent)
{
    return slots_find(&agent->storage.slots, SLOT_TRIAL) != SLOT_NONE;
}

/* What fails here is the flash: a node that can't write down what it does must not go on. */
static void must(bool done, const struct reason *why)
{
    if (!done)
        agent_broken(why->text);
}

/* The ready package is what runs from now on, on trial. */
static void start_trial(struct agent *agent)
{
    struct reason why;
    int slot;
    must(slots_start_trial(slots_of(agent), &why), &why);
    must(slots_boot(slots_of(agent), &slot, &why), &why);
}

static void fail_trial(struct agent *agent, const struct reason *reason)
{
    struct reason why;
    struct message_ota status;
    must(slots_fail(slots_of(agent), reason, &why), &why);
    if (trial_failure(agent, &status))
        uplink_control_ota(&agent->uplink, &status);
}

void trial_blame(struct agent *agent)
{
    static const struct reason fault = {"NODE_FAULT", "The node faulted while it made the package ready to run."};
    if (slots_find(slots_of(agent), SLOT_READY) == SLOT_NONE)
        return;
    start_trial(agent);
    fail_trial(agent, &fault);
}

static void unprepare(struct agent *agent)
{
    schedule_at(&agent->schedule, TIMER_SWAP, SCHEDULE_NEVER);
    if (agent->prepared != NULL)
        module_unload(agent->prepared);
    agent->prepared = NULL;
    agent->loads_late = false;
}

static struct module *free_module(struct agent *agent)
{
    return agent->running == &agent->modules[0] ? &agent->modules[1] : &agent->modules[0];
}

void trial_prepare(struct agent *agent)
{
    const int ready = transfer_ready(&agent->transfer);
    const uint8_t *sha256 = ready == SLOT_NONE ? NULL : slots_of(agent)->state.slot[ready].sha256;
    const bool planned = agent->prepared != NULL || agent->loads_late;
    if (planned && sha256 != NULL && memcmp(sha256, agent->swap_sha256, MESSAGE_SHA256_BYTES) == 0)
        return;
    /* Another package was offered since: this one is in no slot any more, and must not run. */
    unprepare(agent);
    if (sha256 == NULL)
        return;
    struct module *next = free_module(agent);
    struct reason why;
    bool no_room;
    if (module_load(next, agent, ready, &why, &no_room)) {
        agent->prepared = next;
    } else if (no_room && agent->running != NULL) {
        agent->loads_late = true;
    } else {
        /*
         * It can't even be loaded: the old module goes on as if nothing had been, and the sequence is not tried again.
         */
        start_trial(agent);
        const struct reason told = supervisor_reason(&why, "load");
        fail_trial(agent, &told);
        return;
    }
    memcpy(agent->swap_sha256, sha256, MESSAGE_SHA256_BYTES);
    schedule_at(&agent->schedule, TIMER_SWAP, hal_now_us());
}

static uint64_t lost(struct agent *agent)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < agent->sensor_count; i++)
        sum += sensor_lost(&agent->sensors[i], hal_now_us());
    return sum;
}

/* The next module in place of the old one, NULL when it couldn't be loaded, which has rolled it back. */
static struct module *take_over(struct agent *agent, int slot)
{
    struct module *next = agent->prepared;
    struct reason why;
    bool no_room;
    agent->prepared = NULL;
    supervisor_stop(agent);
    if (next != NULL)
        return next;
    agent->loads_late = false;
    next = &agent->modules[0];
    if (module_load(next, agent, slot, &why, &no_room))
        return next;
    const struct reason told = supervisor_reason(&why, "load");
    trial_roll_back(agent, &told);
    return NULL;
}

void trial_swap(struct agent *agent)
{
    const int slot = slots_find(slots_of(agent), SLOT_READY);
    const uint64_t start_us = hal_work_us();
    const uint64_t lost_before = lost(agent);
    report_slot(agent, slot, TRANSFER_SWAPPING);
    start_trial(agent);
    struct module *next = take_over(agent, slot);
    if (next == NULL)
        return;
    next->starting = true;
    agent->faults_in_row = 0;
    supervisor_run(agent, next);
    /* A fault in its first breath has rolled it back already. */
    if (agent->running != next)
        return;
    const struct transfer_status status = transfer_status_of(slots_of(agent), slot, TRANSFER_TRIAL);
    struct message_ota message = message_of(&status);
    message.has_swap = true;
    message.swap_us = hal_work_us() - start_us;
    message.has_lost = true;
    message.lost = (uint32_t)(lost(agent) - lost_before);
    uplink_control_ota(&agent->uplink, &message);
    next->starting = false;
    trial_judge(agent, false);
}

/* --- The trial --- */

void trial_roll_back(struct agent *agent, const struct reason *reason)
{
    fail_trial(agent, reason);
    agent->reset_due = true;
}

enum verdict { VERDICT_WAIT, VERDICT_CONFIRM, VERDICT_FAIL };

static enum verdict failed(struct reason *why, const char *code, const char *before, int64_t number, const char *after)
{
    char space[REASON_TEXT_BYTES];
    struct text text = text_in(space, sizeof space);
    text_add(&text, before);
    text_add_number(&text, number);
    text_add(&text, after);
    text_reason(why, code, &text);
    return VERDICT_FAIL;
}

static enum verdict judge(const struct module *module, bool link_up, bool timeout, struct reason *why)
{
    const uint32_t trial_ms = module->package.metadata.trial_ms;
    const bool healthy = module->has_answered && module->answer == 1;
    if (module->has_answered && module->answer < 0)
        return failed(why, "HEALTH_FAILING", "The module on trial says that it is failing (", module->answer, ").");
    if (module->misses > 0) {
        reason_set(why, "TRIAL_DEADLINE", "The module on trial missed a deadline: its steps take too long.");
        return VERDICT_FAIL;
    }
    if (healthy && link_up)
        return VERDICT_CONFIRM;
    if (!timeout)
        return VERDICT_WAIT;
    if (healthy)
        return failed(why, "TRIAL_LINK_DOWN", "The link was not up at any time of the ", trial_ms,
                      " ms when the module was healthy.");
    return failed(why, "TRIAL_UNHEALTHY", "The module was not healthy within its ", trial_ms, " ms.");
}

void trial_judge(struct agent *agent, bool timeout)
{
    const struct module *module = agent->running;
    struct reason why;
    if (module == NULL || module->starting || slots_of(agent)->state.slot[module->slot].state != SLOT_TRIAL)
        return;
    const enum verdict verdict = judge(module, uplink_up(&agent->uplink), timeout, &why);
    if (verdict == VERDICT_WAIT)
        return;
    if (verdict == VERDICT_FAIL) {
        supervisor_stop(agent);
        trial_roll_back(agent, &why);
        return;
    }
    struct reason broken;
    schedule_at(&agent->schedule, TIMER_TRIAL, SCHEDULE_NEVER);
    must(slots_confirm(slots_of(agent), &broken), &broken);
    report_slot(agent, module->slot, TRANSFER_CONFIRMED);
    uplink_control_birth(&agent->uplink);
}

void trial_time_over(struct agent *agent)
{
    const struct module *module = agent->running;
    /*
     * A message may have changed the health of a module that steps rarely: asked once more before it is judged for
     * good.
     */
    supervisor_ask(agent);
    if (agent->running == module)
        trial_judge(agent, true);
}
