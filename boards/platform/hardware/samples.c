/*
 * The interrupt may add samples while the agent reads. After each copy, the code checks again what the ring still held.
 */
#include "samples.h"

#include "irq.h"

static uint64_t taken_now(const struct samples *samples)
{
    uint32_t state = irq_off();
    uint64_t taken = samples->taken;
    irq_restore(state);
    return taken;
}

void samples_put(struct samples *samples, const int16_t *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        samples->ring[(uint32_t)(samples->taken + i) & (samples->capacity - 1)] = values[i];
    samples->taken = samples->taken + count;
}

void samples_lost(struct samples *samples, uint32_t count)
{
    uint32_t zeros = count < samples->capacity ? count : samples->capacity;
    for (uint32_t i = 1; i <= zeros; i++)
        samples->ring[(uint32_t)(samples->taken + count - i) & (samples->capacity - 1)] = 0;
    samples->taken = samples->taken + count;
}

void samples_due(struct samples *samples, const int16_t *values, uint32_t count, uint32_t now_us)
{
    int32_t periods = (int32_t)(now_us - samples->due_us) / (int32_t)samples->period_us;
    uint32_t due = periods > (int32_t)count ? (uint32_t)periods : count;
    samples->due_us += due * samples->period_us;
    samples_put(samples, values, count);
    samples_lost(samples, due - count);
}

void samples_start(const struct hal_sensor *sensor, uint64_t now_us)
{
    struct samples *samples = sensor->context;
    (void)now_us;
    uint32_t state = irq_off();
    samples->taken = 0;
    irq_restore(state);
    samples->on();
}

uint64_t samples_produced(const struct hal_sensor *sensor, uint64_t now_us)
{
    (void)now_us;
    return taken_now(sensor->context);
}

void samples_read(const struct hal_sensor *sensor, uint64_t first, uint32_t count, int16_t *out)
{
    const struct samples *samples = sensor->context;
    for (uint32_t i = 0; i < count; i++) {
        int16_t value = samples->ring[(uint32_t)(first + i) & (samples->capacity - 1)];
        uint64_t taken = taken_now(samples);
        out[i] = first + i < taken && taken - (first + i) <= samples->capacity ? value : 0;
    }
}
