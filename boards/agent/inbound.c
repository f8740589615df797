/* Messages that arrive over the link. Their TypeScript twin is in host/device/node/node.ts. */
#include "inbound.h"

#include <string.h>

#include "dispatch.h"
#include "panic.h"
#include "state.h"
#include "update.h"

static enum outcome set_config(struct agent *agent, const struct message_config *config)
{
    /* The message itself is stored. It has one encoding, which ends with the pairs. */
    const uint32_t head = config->count < 24 ? 3 : 4;
    const uint8_t *message = config->pairs.at - head;
    const size_t count = (size_t)(config->pairs.end - message);
    char space[REASON_TEXT_BYTES];
    struct text text = text_in(space, sizeof space);
    if (count > ABI_MAX_VALUE) {
        text_add(&text, "The configuration takes ");
        text_add_unsigned(&text, count);
        text_add(&text, " bytes; 1024 is the most. Use fewer or shorter settings.");
        publisher_error(agent, &text);
        return OUTCOME_NONE;
    }
    const enum kv_result result = storage_save_config(&agent->storage, message, count);
    if (result == KV_FULL) {
        text_add(&text, "'config' doesn't fit: the store would hold ");
        text_add_unsigned(&text, storage_used_with_config(&agent->storage, (uint32_t)count));
        text_add(&text, " bytes of ");
        text_add_unsigned(&text, kv_capacity(&agent->storage.agent));
        text_add(&text, ". Delete keys that aren't needed.");
        publisher_error(agent, &text);
        return OUTCOME_NONE;
    }
    if (result != KV_OK)
        panic("the flash doesn't take the configuration");
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
    char space[MESSAGE_TEXT_BYTES];
    struct text text = text_in(space, sizeof space);
    const int32_t id = agent->running == NULL ? -1 : declared_find(&agent->running->commands, command->name);
    enum outcome outcome = OUTCOME_NONE;
    bool ok = false;
    if (is_own(command->name)) {
        ok = captures_command(agent, command->name, command->body, &text);
    } else if (agent->running == NULL) {
        text_add(&text, "no module runs");
    } else if (id < 0) {
        text_add(&text, "the module takes no command '");
        text_add_line(&text, command->name.bytes, command->name.count);
        text_add(&text, "'");
    } else {
        outcome = supervisor_message(agent, id, command->body);
        ok = outcome == OUTCOME_NONE;
        if (!ok)
            text_add(&text, agent->fault.text);
    }
    /* A module that faulted on trial is rolled back before the answer is sent. */
    dispatch(agent, outcome);
    const struct message_result result = {.id = command->id, .ok = ok, .text = text_span(&text)};
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
