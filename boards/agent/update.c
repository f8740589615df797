/* Updates over the air. The TypeScript twin is host/device/node/update.ts. */
#include "update.h"

#include <string.h>

#include "panic.h"
#include "platform/hal.h"
#include "state.h"
#include "verify.h"

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
    if (status->reason != NULL && status->reason->number != REASON_NONE)
        message.reason = status->reason;
    return message;
}

static void report(void *context, const struct transfer_status *status)
{
    struct agent *agent = context;
    const struct message_ota message = message_of(status);
    uplink_control_ota(&agent->uplink, &message);
}

struct message_ota update_status(struct agent *agent, int slot, enum transfer_state state)
{
    const struct transfer_status status = transfer_status_of(slots_of(agent), slot, state);
    return message_of(&status);
}

void update_report(struct agent *agent, int slot, enum transfer_state state)
{
    const struct message_ota message = update_status(agent, slot, state);
    uplink_control_ota(&agent->uplink, &message);
}

bool update_failure(const struct agent *agent, struct message_ota *message)
{
    const int slot = slots_find(&agent->storage.slots, SLOT_FAILED);
    if (slot == SLOT_NONE)
        return false;
    const struct transfer_status status = transfer_status_of(&agent->storage.slots, slot, TRANSFER_ROLLEDBACK);
    *message = message_of(&status);
    return true;
}

/* --- Transfer --- */

static uint64_t now_us(void *context)
{
    (void)context;
    return hal_now_us();
}

void update_open(struct agent *agent)
{
    const struct transfer_callbacks callbacks = {
        .now_us = now_us, .verify_head = verify_head, .verify = verify_package, .status = report, .context = agent};
    transfer_open(&agent->transfer, slots_of(agent), &callbacks);
}

/* Erasing stops the chip for some time: one page at a time, between other timers. */
static void plan_erase(struct agent *agent)
{
    if (transfer_erasing(&agent->transfer) && agent->schedule.due_us[TIMER_ERASE] == SCHEDULE_NEVER)
        schedule_at(&agent->schedule, TIMER_ERASE, hal_now_us());
}

void update_offer(struct agent *agent, const struct message_offer *offer)
{
    struct slots_offer wanted = {.sequence = offer->sequence, .total = offer->total};
    memcpy(wanted.sha256, offer->sha256, sizeof wanted.sha256);
    transfer_offer(&agent->transfer, &wanted);
    plan_erase(agent);
}

void update_erase(struct agent *agent)
{
    transfer_erase(&agent->transfer);
    plan_erase(agent);
}

void update_chunk(struct agent *agent, const struct message_chunk *chunk)
{
    transfer_chunk(&agent->transfer, chunk->transfer, chunk->offset, chunk->bytes.bytes, chunk->bytes.count);
    plan_erase(agent);
}

/* --- Trial --- */

/* These fail only if the flash fails: a node that can not record what it does must not go on. */
static void must(bool done, const struct reason *why)
{
    if (!done)
        panic(why);
}

void update_start_trial(struct agent *agent)
{
    struct reason why;
    int slot;
    must(slots_start_trial(slots_of(agent), &why), &why);
    must(slots_boot(slots_of(agent), &slot, &why), &why);
}

void update_confirm(struct agent *agent, int slot)
{
    struct reason why;
    must(slots_confirm(slots_of(agent), &why), &why);
    update_report(agent, slot, TRANSFER_CONFIRMED);
}

void update_fail(struct agent *agent, const struct reason *reason)
{
    struct reason why;
    struct message_ota status;
    must(slots_fail(slots_of(agent), reason, &why), &why);
    if (update_failure(agent, &status))
        uplink_control_ota(&agent->uplink, &status);
}
