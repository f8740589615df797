/* The birth message of a node. The TypeScript twin is host/device/node/birth.ts. */
#include "birth.h"

#include "state.h"

static struct message_metric metric_at(void *context, uint32_t index)
{
    const struct agent *agent = context;
    if (index >= agent->vitals.first_metric)
        return vitals_metric(index - agent->vitals.first_metric);
    const struct declared *metric = declared_at(&agent->running->metrics, index);
    return (struct message_metric){
        .name = {metric->text, metric->name_bytes},
        .unit = {metric->text + metric->name_bytes, metric->unit_bytes},
        .exponent = metric->exponent,
    };
}

static struct span command_at(void *context, uint32_t index)
{
    const struct agent *agent = context;
    const struct declared *command = declared_at(&agent->running->commands, index);
    return (struct span){command->text, command->name_bytes};
}

void birth_describe(struct agent *agent, struct message_birth *birth)
{
    const struct module *running = agent->running;
    const uint32_t metrics = running == NULL ? 0 : running->metrics.count;
    *birth = (struct message_birth){
        .node = agent->identity.id,
        .boot = agent->storage.boot,
        .firmware_name = text_of("mote-" BOARD_NAME),
        .firmware_version = text_of(BOARD_VERSION),
        .has_module = running != NULL,
        .metric_count = metrics + vitals_follow(&agent->vitals, metrics),
        .metric = metric_at,
        .command = command_at,
        .context = agent,
    };
    if (running == NULL)
        return;
    const struct slot_record *record = &agent->storage.slots.state.slot[running->slot];
    birth->module = (struct message_module){
        .name = running->package.metadata.name,
        .version = running->package.metadata.version,
        .sequence = record->sequence,
        .sha256 = record->sha256,
        .slot = (uint8_t)running->slot,
        .state = (uint8_t)record->state,
    };
    birth->command_count = running->commands.count;
}
