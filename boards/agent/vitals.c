/* Telemetry of the agent itself. The TypeScript twin is host/device/node/vitals.ts. */
#include "vitals.h"

#include "base/bytes.h"
#include "platform/hal.h"
#include "runtime/heap.h"
#include "settings.h"
#include "state.h"

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

/* A module that declares as many metrics as a message may have leaves no room for these. */
static uint32_t count(const struct vitals *vitals)
{
    return vitals->period_s > 0 && vitals->first_metric + VITALS <= MESSAGE_METRICS ? VITALS : 0;
}

uint32_t vitals_follow(struct vitals *vitals, uint32_t metrics_of_module)
{
    vitals->first_metric = metrics_of_module;
    return count(vitals);
}

static void plan(struct agent *agent)
{
    const uint32_t period_s = agent->vitals.period_s;
    const uint64_t due_us = hal_now_us() + (uint64_t)period_s * 1000000;
    schedule_at(&agent->schedule, TIMER_VITALS, period_s > 0 ? due_us : SCHEDULE_NEVER);
}

bool vitals_configure(struct agent *agent)
{
    struct vitals *vitals = &agent->vitals;
    int32_t seconds = vitals->default_s;
    settings_get(&agent->storage, text_of("agent.vitals_s"), &seconds);
    if (seconds < 0)
        seconds = 0;
    if (seconds > NODE_MAX_VITALS_S)
        seconds = NODE_MAX_VITALS_S;
    if ((uint32_t)seconds == vitals->period_s)
        return false;
    vitals->period_s = (uint32_t)seconds;
    plan(agent);
    return true;
}

static int32_t clamp(uint64_t value)
{
    return value < INT32_MAX ? (int32_t)value : INT32_MAX;
}

/* Size of the package that runs. */
static uint32_t slot_bytes(const struct agent *agent)
{
    return agent->running == NULL ? 0 : agent->storage.slots.state.slot[agent->running->slot].total;
}

void vitals_publish(struct agent *agent)
{
    struct vitals *vitals = &agent->vitals;
    plan(agent);
    if (count(vitals) == 0)
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
        clamp(asleep_us - vitals->asleep_us),
        (int32_t)hal_boot_reason(&fault),
    };
    vitals->asleep_us = asleep_us;
    for (uint32_t i = 0; i < VITALS; i++) {
        uint8_t value[4];
        put_u32(value, (uint32_t)values[i]);
        struct message_telemetry frame = {.metric = (uint8_t)(vitals->first_metric + i),
                                          .t0_us = (int64_t)hal_now_us(),
                                          .values = value,
                                          .count = 1};
        publisher_telemetry(agent, &frame);
    }
}
