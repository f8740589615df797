/* Imports for sensors. The TypeScript twin is host/device/node/host-imports.ts. */
#include "imports_sensor.h"

#include "platform/hal.h"
#include "state.h"

/* Returns NULL for an invalid handle. */
static struct sensor *sensor_at(const struct module *module, uint64_t handle)
{
    const uint32_t index = U32(handle);
    return index < module->sensor_count ? &module->agent->sensors[module->sensors[index]] : NULL;
}

/*
 * The module waits for more samples than the ring holds: it asks how many wait, the ring is full, has lost as many as
 * it holds since the module first found it full, and the module has read none. Returns true once.
 */
static bool waits_in_vain(struct module *module, uint32_t handle, struct sensor *sensor)
{
    const uint32_t capacity = sensor->driver->ring_samples;
    if (module->settled[handle] || sensor_available(sensor, hal_now_us()) < capacity)
        return false;
    const uint32_t lost = (uint32_t)sensor_lost(sensor, hal_now_us());
    module->settled[handle] = module->full[handle] && lost - module->lost_when_full[handle] >= capacity;
    if (!module->full[handle])
        module->lost_when_full[handle] = lost;
    module->full[handle] = true;
    return module->settled[handle];
}

static bool allowed(const struct module *module, struct span name)
{
    struct metadata_list sensors = module->package.metadata.sensors;
    struct span one;
    while (metadata_next_name(&sensors, &one))
        if (spans_equal(one, name))
            return true;
    return false;
}

IMPORT(sensor_open)
{
    MODULE;
    struct agent *agent = module->agent;
    struct span name;
    enum trap end;
    if (!import_takes_name(module, arguments, &name, result, &end))
        return end;
    const int found = sensor_find(agent->sensors, agent->sensor_count, name);
    for (uint32_t handle = 0; found >= 0 && handle < module->sensor_count; handle++)
        if (module->sensors[handle] == found)
            return import_answer(result, (int32_t)handle);
    if (!allowed(module, name))
        return import_answer(result, ABI_DENIED);
    if (found < 0)
        return import_answer(result, ABI_NOT_FOUND);
    sensor_open(&agent->sensors[found], hal_now_us());
    module->sensors[module->sensor_count] = (uint8_t)found;
    return import_answer(result, (int32_t)module->sensor_count++);
}

IMPORT(sensor_rate)
{
    MODULE;
    const struct sensor *sensor = sensor_at(module, arguments[0]);
    return import_answer(result, sensor == NULL ? ABI_NOT_FOUND : (int32_t)sensor->driver->rate_millihertz);
}

IMPORT(sensor_frame_bytes)
{
    MODULE;
    const struct sensor *sensor = sensor_at(module, arguments[0]);
    return import_answer(result, sensor == NULL ? ABI_NOT_FOUND : sensor->driver->channels * 2);
}

IMPORT(sensor_available)
{
    MODULE;
    struct sensor *sensor = sensor_at(module, arguments[0]);
    if (sensor == NULL)
        return import_answer(result, ABI_NOT_FOUND);
    if (waits_in_vain(module, U32(arguments[0]), sensor)) {
        struct reason reason;
        refuse(&reason, REASON_MODULE_UNREAD);
        reason_add(&reason, sensor->driver->ring_samples);
        reason_text(&reason, text_of(sensor->driver->name));
        publisher_error(module->agent, &reason);
    }
    return import_answer(result, (int32_t)sensor_available(sensor, hal_now_us()));
}

IMPORT(sensor_read)
{
    MODULE;
    struct sensor *sensor = sensor_at(module, arguments[0]);
    const int32_t wanted = I32(arguments[2]);
    if (sensor == NULL)
        return import_answer(result, ABI_NOT_FOUND);
    if (wanted < 0)
        return import_answer(result, ABI_INVALID);
    if ((uint32_t)wanted > sensor->driver->ring_samples) {
        struct reason reason;
        refuse(&reason, REASON_MODULE_READ);
        reason_add(&reason, wanted);
        reason_add(&reason, sensor->driver->ring_samples);
        reason_text(&reason, text_of(sensor->driver->name));
        return import_fault(module, TRAP_HOST, &reason);
    }
    const uint32_t waiting = sensor_available(sensor, hal_now_us());
    const uint32_t count = (uint32_t)wanted < waiting ? (uint32_t)wanted : waiting;
    uint8_t *out;
    const enum trap trap = import_bytes(module, U32(arguments[1]), count * sensor->driver->channels * 2, &out);
    if (trap != TRAP_NONE)
        return trap;
    if (count > 0)
        module->settled[U32(arguments[0])] = true;
    sensor_take(sensor, count, out);
    return import_answer(result, (int32_t)count);
}

IMPORT(sensor_time)
{
    MODULE;
    struct sensor *sensor = sensor_at(module, arguments[0]);
    *result = sensor == NULL ? (uint64_t)(int64_t)ABI_NOT_FOUND : sensor_time_us(sensor, hal_now_us());
    return TRAP_NONE;
}

IMPORT(sensor_lost)
{
    MODULE;
    struct sensor *sensor = sensor_at(module, arguments[0]);
    if (sensor == NULL)
        return import_answer(result, ABI_NOT_FOUND);
    const uint64_t lost = sensor_lost(sensor, hal_now_us());
    return import_answer(result, lost < INT32_MAX ? (int32_t)lost : INT32_MAX);
}
