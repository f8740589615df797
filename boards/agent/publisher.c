/* Everything that a node says over its link. Frames and events are numbered from its start on. */
#include "base/abi.h"
#include "platform/hal.h"
#include "agent.h"
#include "base/text.h"

static struct message_metric metric_at(void *context, uint32_t index)
{
    const struct agent *agent = context;
    if (index >= agent->module_metrics)
        return vitals_metric(index - agent->module_metrics);
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

void publisher_birth(struct agent *agent, struct message_birth *birth)
{
    const struct module *running = agent->running;
    agent->module_metrics = running == NULL ? 0 : running->metrics.count;
    *birth = (struct message_birth){
        .node = agent->id,
        .boot = agent->storage.boot,
        .firmware_name = text_of("mote-" BOARD_NAME),
        .firmware_version = text_of(BOARD_VERSION),
        .has_module = running != NULL,
        .metric_count = agent->module_metrics + vitals_count(agent),
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

void publisher_publish(struct agent *agent, struct message_telemetry *frame)
{
    frame->seq = agent->frames++;
    uplink_telemetry(&agent->uplink, frame);
}

bool publisher_event(struct agent *agent, struct span name, struct span body)
{
    if (!uplink_event_room(&agent->uplink, name.count, body.count))
        return false;
    const struct message_event event = {
        .name = name, .t_us = (int64_t)hal_now_us(), .seq = agent->events++, .body = body};
    uplink_event(&agent->uplink, &event);
    return true;
}

void publisher_log(struct agent *agent, uint8_t level, struct span line)
{
    char space[MESSAGE_TEXT_BYTES];
    struct text text = text_in(space, sizeof space);
    text_add_line(&text, line.bytes, line.count);
    const struct message_log log = {.level = level,
                                    .t_us = (int64_t)hal_now_us(),
                                    .text = text_span(&text)};
    uplink_log(&agent->uplink, &log);
}

void publisher_error(struct agent *agent, const struct text *text)
{
    publisher_log(agent, ABI_LEVEL_ERROR, text_span(text));
}
