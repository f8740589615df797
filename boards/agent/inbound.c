/* What the node is told over its link: commands, settings, packages. */
#include <string.h>

#include "agent.h"
#include "base/text.h"

static void set_config(struct agent *agent, const struct message_config *config)
{
    /* The message as it came: it has one encoding, of which the pairs are the end. */
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
        return;
    }
    const enum kv_result result = storage_save_config(&agent->storage, message, count);
    if (result == KV_FULL) {
        text_add(&text, "'config' doesn't fit: the store would hold ");
        text_add_unsigned(&text, storage_used_with_config(&agent->storage, (uint32_t)count));
        text_add(&text, " bytes of ");
        text_add_unsigned(&text, kv_capacity(&agent->storage.agent));
        text_add(&text, ". Delete keys that aren't needed.");
        publisher_error(agent, &text);
        return;
    }
    if (result != KV_OK)
        agent_broken("the flash doesn't take the configuration");
    agent_load_identity(agent);
    if (vitals_configure(agent))
        uplink_control_birth(&agent->uplink);
    supervisor_message(agent, -1, (struct span){0});
}

/* Names that the node keeps for itself. */
static bool is_own(struct span name)
{
    const size_t prefix = sizeof OWN_PREFIX - 1;
    return name.count >= prefix && memcmp(name.bytes, OWN_PREFIX, prefix) == 0;
}

static void command(struct agent *agent, const struct message_command *command)
{
    char space[MESSAGE_TEXT_BYTES];
    struct text text = text_in(space, sizeof space);
    const int32_t id = agent->running == NULL ? -1 : declared_find(&agent->running->commands, command->name);
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
        ok = supervisor_message(agent, id, command->body);
        if (!ok)
            text_add(&text, agent->fault.text);
    }
    /* A module that faulted is started again, or the one before it, before this is answered. */
    agent_settle(agent);
    const struct message_result result = {
        .id = command->id, .ok = ok, .text = text_span(&text)};
    uplink_control_result(&agent->uplink, &result);
}

void inbound_receive(void *context, const struct message *message)
{
    struct agent *agent = context;
    switch (message->type) {
    case MESSAGE_COMMAND:
        command(agent, &message->as.command);
        return;
    case MESSAGE_CONFIG:
        set_config(agent, &message->as.config);
        break;
    case MESSAGE_OFFER:
        trial_offer(agent, &message->as.offer);
        trial_prepare(agent);
        break;
    case MESSAGE_CHUNK:
        trial_chunk(agent, &message->as.chunk);
        trial_prepare(agent);
        break;
    default:
        break;
    }
    agent_settle(agent);
}
