/* Messages that arrive over the link. Their TypeScript twin is in host/device/node/node.ts. */
#include "inbound.h"

#include <string.h>

#include "dispatch.h"
#include "panic.h"
#include "platform/hal.h"
#include "state.h"
#include "update.h"

static enum outcome set_config(struct agent *agent, const struct message_config *config)
{
    /* The message itself is stored. It has one encoding, which ends with the pairs. */
    const uint32_t head = config->count < 24 ? 3 : 4;
    const uint8_t *at = config->pairs.at - head;
    const struct span message = {at, (uint32_t)(config->pairs.end - at)};
    const uint64_t now_us = hal_now_us();
    const uint64_t wait_us = storage_change_wait_us(&agent->storage, message, now_us);
    struct reason why;
    if (wait_us > 0) {
        const uint32_t numbers[] = {NODE_DAY_CONFIGS, budget_seconds(wait_us)};
        refuse_numbers(&why, REASON_CONFIG_BUDGET, numbers, 2);
        publisher_error(agent, &why);
        return OUTCOME_NONE;
    }
    if (message.count > NODE_CONFIG_BYTES) {
        refuse_numbers(&why, REASON_CONFIG_LONG, &message.count, 1);
        publisher_error(agent, &why);
        return OUTCOME_NONE;
    }
    const enum kv_result result = storage_change_config(&agent->storage, message, now_us);
    if (result == KV_FULL) {
        const uint32_t numbers[] = {storage_used_with_config(&agent->storage, message.count),
                                    kv_capacity(&agent->storage.agent)};
        refuse_numbers(&why, REASON_CONFIG_FULL, numbers, 2);
        publisher_error(agent, &why);
        return OUTCOME_NONE;
    }
    if (result != KV_OK) {
        refuse(&why, REASON_FLASH_CONFIG);
        panic(&why);
    }
    identity_load(&agent->identity, &agent->storage);
    if (vitals_configure(agent))
        uplink_control_birth(&agent->uplink);
    return supervisor_message(agent, -1, (struct span){0});
}

/* Returns whether a command is one of the node itself. */
static bool is_own(struct span name)
{
    const size_t prefix = sizeof CAPTURES_PREFIX - 1;
    return name.count >= prefix && memcmp(name.bytes, CAPTURES_PREFIX, prefix) == 0;
}

static void command(struct agent *agent, const struct message_command *command)
{
    struct reason why = {0};
    const int32_t id = agent->running == NULL ? -1 : declared_find(&agent->running->commands, command->name);
    enum outcome outcome = OUTCOME_NONE;
    bool ok = false;
    if (is_own(command->name)) {
        ok = captures_command(agent, command->name, command->body, &why);
    } else if (agent->running == NULL) {
        refuse(&why, REASON_NO_MODULE);
    } else if (id < 0) {
        refuse(&why, REASON_NO_COMMAND);
        reason_text(&why, command->name);
    } else {
        outcome = supervisor_message(agent, id, command->body);
        ok = outcome == OUTCOME_NONE;
        if (!ok)
            why = agent->fault;
    }
    /* A module that faulted on trial is rolled back before the answer is sent. */
    dispatch(agent, outcome);
    const struct message_result result = {.id = command->id, .ok = ok, .reason = ok ? NULL : &why};
    uplink_control_result(&agent->uplink, &result);
}

void inbound_receive(void *context, const struct message *message)
{
    struct agent *agent = context;
    switch (message->type) {
    case MESSAGE_COMMAND:
        command(agent, &message->as.command);
        break;
    case MESSAGE_CONFIG:
        dispatch(agent, set_config(agent, &message->as.config));
        break;
    case MESSAGE_OFFER:
        update_offer(agent, &message->as.offer);
        trial_prepare(agent);
        break;
    case MESSAGE_CHUNK:
        update_chunk(agent, &message->as.chunk);
        trial_prepare(agent);
        break;
    default:
        break;
    }
}
