/*
 * Telemetry of the agent itself: metrics that follow those of the module in a birth message. The setting
 * `agent.vitals_s` says how often they come, in seconds; 0: not at all. The same as host/device/node/vitals.ts.
 */
#include "base/bytes.h"
#include "platform/hal.h"
#include "runtime/heap.h"
#include "agent.h"

static const struct {
    const char *name;
    const char *unit;
} metrics[VITALS] = {
    {"agent.stack", "By"},
    {"agent.heap", "By"},
    {"agent.heap_peak", "By"},
    {"agent.slot", "By"},
    {"agent.asleep", "us"},
    {"agent.boot", "1"},
};

struct message_metric vitals_metric(uint32_t index)
{
    return (struct message_metric){
        .name = text_of(metrics[index].name),
        .unit = text_of(metrics[index].unit),
    };
}

/* A module that declares as many metrics as there may be leaves no room for more. */
uint32_t vitals_count(const struct agent *agent)
{
    return agent->vitals_s > 0 && agent->module_metrics + VITALS <= MESSAGE_METRICS ? VITALS : 0;
}

static void plan(struct agent *agent)
{
    const uint64_t due = hal_now_us() + (uint64_t)agent->vitals_s * 1000000;
    schedule_at(&agent->schedule, TIMER_VITALS, agent->vitals_s > 0 ? due : SCHEDULE_NEVER);
}

bool vitals_configure(struct agent *agent)
{
    int32_t seconds = agent->vitals_default_s;
    agent_setting(agent, text_of("agent.vitals_s"), &seconds);
    if (seconds < 0)
        seconds = 0;
    if (seconds > NODE_MAX_VITALS_S)
        seconds = NODE_MAX_VITALS_S;
    if ((uint32_t)seconds == agent->vitals_s)
        return false;
    agent->vitals_s = (uint32_t)seconds;
    plan(agent);
    return true;
}

static int32_t clamp(uint64_t value)
{
    return value < INT32_MAX ? (int32_t)value : INT32_MAX;
}

/* Bytes of the package that runs. */
static uint32_t slot_bytes(const struct agent *agent)
{
    return agent->running == NULL ? 0 : agent->storage.slots.state.slot[agent->running->slot].total;
}

void vitals_publish(struct agent *agent)
{
    plan(agent);
    if (vitals_count(agent) == 0)
        return;
    uint32_t stack_size;
    struct hal_fault fault;
    const struct heap_use heap = heap_use();
    const uint64_t asleep_us = hal_asleep_us();
    const int32_t values[VITALS] = {
        clamp(hal_stack_used(&stack_size)),
        clamp(heap.used),
        clamp(heap.peak),
        clamp(slot_bytes(agent)),
        clamp(asleep_us - agent->asleep_us),
        (int32_t)hal_boot_reason(&fault),
    };
    agent->asleep_us = asleep_us;
    for (uint32_t i = 0; i < VITALS; i++) {
        uint8_t value[4];
        put_u32(value, (uint32_t)values[i]);
        struct message_telemetry frame = {.metric = (uint8_t)(agent->module_metrics + i),
                                          .t0_us = (int64_t)hal_now_us(),
                                          .values = value,
                                          .count = 1};
        publisher_publish(agent, &frame);
    }
}
