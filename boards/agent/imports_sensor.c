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
    return import_answer(result, sensor == NULL ? ABI_NOT_FOUND : (int32_t)sensor_available(sensor, hal_now_us()));
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
    const uint32_t waiting = sensor_available(sensor, hal_now_us());
    const uint32_t count = (uint32_t)wanted < waiting ? (uint32_t)wanted : waiting;
    uint8_t *out;
    const enum trap trap = import_bytes(module, U32(arguments[1]), count * sensor->driver->channels * 2, &out);
    if (trap != TRAP_NONE)
        return trap;
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
