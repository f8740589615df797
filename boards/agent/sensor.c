/* Samples between a driver and a module. */
#include "sensor.h"

#include "base/text.h"

/* A rate in millihertz is the number of samples in this many microseconds. */
#define BILLION UINT64_C(1000000000)

int sensor_find(const struct sensor *sensors, uint32_t count, struct span name)
{
    for (uint32_t i = 0; i < count; i++)
        if (spans_equal(text_of(sensors[i].driver->name), name))
            return (int)i;
    return -1;
}

void sensor_init(struct sensor *sensor, const struct hal_sensor *driver)
{
    *sensor = (struct sensor){.driver = driver};
}

/*
 * Both functions split the multiplication, so that nothing overflows in the lifetime of a node: a rate is at most 10^9.
 */
uint64_t sensor_due(uint64_t elapsed_us, uint32_t rate_millihertz)
{
    return elapsed_us / BILLION * rate_millihertz + elapsed_us % BILLION * rate_millihertz / BILLION;
}

uint64_t sensor_due_us(uint64_t index, uint32_t rate_millihertz)
{
    const uint64_t count = index + 1;
    const uint64_t rest = count % rate_millihertz * BILLION;
    return count / rate_millihertz * BILLION + (rest + rate_millihertz - 1) / rate_millihertz;
}

static uint64_t waiting(const struct sensor *sensor)
{
    return sensor->produced - sensor->read - sensor->lost;
}

/* Fetches samples that have become due. If more are due than the ring can hold, only the last ones are fetched. */
static void advance(struct sensor *sensor, uint64_t now_us)
{
    const struct hal_sensor *driver = sensor->driver;
    if (!sensor->opened)
        return;
    const uint64_t due = driver->produced(driver, now_us);
    if (due <= sensor->produced)
        return;
    const uint64_t count = due - sensor->produced;
    const uint32_t capacity = driver->ring_samples;
    uint64_t first = count > capacity ? due - capacity : sensor->produced;
    while (first < due) {
        const uint32_t at = (uint32_t)(first % capacity);
        const uint32_t space = capacity - at;
        const uint32_t part = due - first < space ? (uint32_t)(due - first) : space;
        driver->read(driver, first, part, driver->ring + (size_t)at * driver->channels);
        first += part;
    }
    sensor->produced = due;
    if (waiting(sensor) > capacity)
        sensor->lost += waiting(sensor) - capacity;
}

void sensor_open(struct sensor *sensor, uint64_t now_us)
{
    if (sensor->opened)
        return;
    sensor->opened = true;
    sensor->start_us = now_us;
    sensor->driver->start(sensor->driver, now_us);
}

uint32_t sensor_available(struct sensor *sensor, uint64_t now_us)
{
    advance(sensor, now_us);
    return (uint32_t)waiting(sensor);
}

uint64_t sensor_lost(struct sensor *sensor, uint64_t now_us)
{
    advance(sensor, now_us);
    return sensor->lost;
}

uint64_t sensor_time_us(struct sensor *sensor, uint64_t now_us)
{
    advance(sensor, now_us);
    return sensor->start_us + sensor_due_us(sensor->read + sensor->lost, sensor->driver->rate_millihertz);
}

void sensor_copy(const struct sensor *sensor, uint64_t first, uint32_t count, uint8_t *out)
{
    const struct hal_sensor *driver = sensor->driver;
    const size_t values = (size_t)driver->ring_samples * driver->channels;
    size_t at = (size_t)(first % driver->ring_samples) * driver->channels;
    for (size_t i = 0; i < (size_t)count * driver->channels; i++) {
        put_u16(out + i * 2, (uint16_t)driver->ring[at]);
        if (++at == values)
            at = 0;
    }
}

void sensor_take(struct sensor *sensor, uint32_t count, uint8_t *out)
{
    sensor_copy(sensor, sensor->read + sensor->lost, count, out);
    sensor->read += count;
}

uint32_t sensor_history(struct sensor *sensor, uint64_t now_us, uint32_t most, uint64_t *first)
{
    advance(sensor, now_us);
    const uint32_t held = sensor->driver->ring_samples < most ? sensor->driver->ring_samples : most;
    const uint32_t count = sensor->produced < held ? (uint32_t)sensor->produced : held;
    *first = sensor->produced - count;
    return count;
}
