/*
 * The ABI's imports. The module is hostile until proved otherwise: a pointer outside its memory is a `memory` trap, everything else that
 * is wrong is an error number, and what it may do in one call is counted. The same as host/node/host-imports.ts, check by check, in
 * the same order.
 */
#include "imports.h"

#include "../abi.h"
#include "../hal.h"
#include "../kernels/kernels.h"
#include "agent.h"
#include "text.h"

#define I32(argument) ((int32_t)machine_u32(argument))
#define U32(argument) machine_u32(argument)

static enum trap answer(uint64_t *result, int32_t number)
{
    machine_put_u32(result, (uint32_t)number);
    return TRAP_NONE;
}

/* A trap whose sentence isn't the machine's own. */
static enum trap fault(struct module *module, enum trap trap, const char *code, const struct text *text)
{
    module->has_fault = true;
    reason_set_bytes(&module->fault, (const uint8_t *)code, strlen(code), (const uint8_t *)text->at, text->length);
    return trap;
}

/* Bytes of the module's memory. */
static enum trap bytes_at(struct module *module, uint32_t at, uint32_t count, uint8_t **bytes)
{
    *bytes = machine_bytes(module->machine, at, count);
    if (*bytes != NULL)
        return TRAP_NONE;
    uint32_t size;
    machine_memory(module->machine, &size);
    char space[REASON_TEXT_BYTES];
    struct text text = text_in(space, sizeof space);
    text_add(&text, "bytes ");
    text_add_unsigned(&text, at);
    text_add(&text, " to ");
    text_add_unsigned(&text, (uint64_t)at + count);
    text_add(&text, " are outside the module's ");
    text_add_unsigned(&text, size);
    text_add(&text, " bytes of memory");
    return fault(module, TRAP_MEMORY, "TRAP_MEMORY", &text);
}

/* As bytes_at, of `most` bytes at most; `*refusal` is ABI_OK, or what to answer. */
static enum trap bounded_at(struct module *module, uint32_t at, uint32_t count, uint32_t most, struct span *span,
                            int32_t *refusal)
{
    *refusal = ABI_OK;
    *span = (struct span){0};
    if (count > most) {
        *refusal = ABI_TOO_LARGE;
        return TRAP_NONE;
    }
    uint8_t *bytes;
    const enum trap trap = bytes_at(module, at, count, &bytes);
    *span = (struct span){bytes, count};
    return trap;
}

static enum trap name_at(struct module *module, uint32_t at, uint32_t count, struct span *name, int32_t *refusal)
{
    const enum trap trap = bounded_at(module, at, count, ABI_MAX_NAME, name, refusal);
    if (trap == TRAP_NONE && *refusal == ABI_OK && !text_is_name(name->bytes, name->count))
        *refusal = ABI_INVALID;
    return trap;
}

/* Copies to the module when its buffer is large enough; the length, or TOO_LARGE. */
static enum trap copy_out(struct module *module, struct span from, uint32_t dst, uint32_t dst_bytes, uint64_t *result)
{
    if (from.count > dst_bytes)
        return answer(result, ABI_TOO_LARGE);
    uint8_t *out;
    const enum trap trap = bytes_at(module, dst, from.count, &out);
    if (trap != TRAP_NONE)
        return trap;
    if (from.count > 0)
        memcpy(out, from.bytes, from.count);
    return answer(result, (int32_t)from.count);
}

/* Counts one use in this call; false when it was one too many. */
static bool spend(struct module *module, enum spending what)
{
    static const uint8_t most[SPENDINGS] = {
        [SPEND_PUBLISHES] = AGENT_CALL_PUBLISHES,
        [SPEND_EVENTS] = AGENT_CALL_EVENTS,
        [SPEND_LOGS] = AGENT_CALL_LOGS,
        [SPEND_WRITES] = AGENT_CALL_WRITES,
    };
    if (module->spent[what] >= most[what])
        return false;
    module->spent[what]++;
    return true;
}

/* Takes bytes of the birth message; false when there is too little of it left. */
static bool declare(struct module *module, uint32_t bytes)
{
    if (module->declared_bytes + bytes > AGENT_DECLARED_BYTES)
        return false;
    module->declared_bytes += bytes;
    return true;
}

/* NULL for a handle that isn't one. */
static struct sensor *sensor_at(const struct module *module, uint64_t handle)
{
    const uint32_t index = U32(handle);
    return index < module->sensor_count ? &module->agent->sensors[module->sensors[index]] : NULL;
}

#define IMPORT(name)                                                                                                   \
    static enum trap import_##name(const struct machine_import *import, void *context, const uint64_t *arguments,      \
                                   uint64_t *result)
/* What each begins with: the module, and names of what it doesn't use. */
#define MODULE                                                                                                         \
    struct module *module = context;                                                                                   \
    (void)import;                                                                                                      \
    (void)arguments;                                                                                                   \
    (void)result

IMPORT(time_now)
{
    MODULE;
    (void)module;
    *result = hal_now_us();
    return TRAP_NONE;
}

IMPORT(time_utc)
{
    MODULE;
    int64_t utc_ms;
    *result = uplink_utc_ms(&module->agent->uplink, hal_now_us(), &utc_ms) ? (uint64_t)utc_ms : (uint64_t)-1;
    return TRAP_NONE;
}

IMPORT(random)
{
    MODULE;
    return answer(result, (int32_t)random_next(&module->agent->random));
}

IMPORT(log)
{
    MODULE;
    const uint32_t level = U32(arguments[0]);
    const uint32_t count = U32(arguments[2]) < ABI_MAX_LOG ? U32(arguments[2]) : ABI_MAX_LOG;
    uint8_t *bytes;
    const enum trap trap = bytes_at(module, U32(arguments[1]), count, &bytes);
    if (trap != TRAP_NONE)
        return trap;
    if (spend(module, SPEND_LOGS))
        voice_log(module->agent, level <= ABI_LEVEL_DEBUG ? (uint8_t)level : ABI_LEVEL_ERROR, (struct span){bytes, count});
    else
        module->dropped_logs++;
    return TRAP_NONE;
}

IMPORT(tap)
{
    MODULE;
    if (!hal_traces())
        return TRAP_NONE;
    struct span name;
    int32_t refusal;
    enum trap trap = name_at(module, U32(arguments[0]), U32(arguments[1]), &name, &refusal);
    if (trap != TRAP_NONE || refusal != ABI_OK)
        return trap;
    uint8_t *data;
    trap = bytes_at(module, U32(arguments[2]), U32(arguments[3]), &data);
    if (trap == TRAP_NONE)
        hal_trace((const char *)name.bytes, name.count, data, U32(arguments[3]));
    return trap;
}

static bool allowed(const struct module *module, struct span name)
{
    struct metadata_list sensors = module->package.metadata.sensors;
    struct span one;
    while (metadata_next_name(&sensors, &one))
        if (one.count == name.count && memcmp(one.bytes, name.bytes, name.count) == 0)
            return true;
    return false;
}

IMPORT(sensor_open)
{
    MODULE;
    struct agent *agent = module->agent;
    struct span name;
    int32_t refusal;
    const enum trap trap = name_at(module, U32(arguments[0]), U32(arguments[1]), &name, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return answer(result, refusal);
    const int found = agent_sensor(agent, name);
    for (uint32_t handle = 0; found >= 0 && handle < module->sensor_count; handle++)
        if (module->sensors[handle] == found)
            return answer(result, (int32_t)handle);
    if (!allowed(module, name))
        return answer(result, ABI_DENIED);
    if (found < 0)
        return answer(result, ABI_NOT_FOUND);
    sensor_open(&agent->sensors[found], hal_now_us());
    module->sensors[module->sensor_count] = (uint8_t)found;
    return answer(result, (int32_t)module->sensor_count++);
}

IMPORT(sensor_rate)
{
    MODULE;
    const struct sensor *sensor = sensor_at(module, arguments[0]);
    return answer(result, sensor == NULL ? ABI_NOT_FOUND : (int32_t)sensor->driver->rate_millihertz);
}

IMPORT(sensor_frame_bytes)
{
    MODULE;
    const struct sensor *sensor = sensor_at(module, arguments[0]);
    return answer(result, sensor == NULL ? ABI_NOT_FOUND : sensor->driver->channels * 2);
}

IMPORT(sensor_available)
{
    MODULE;
    struct sensor *sensor = sensor_at(module, arguments[0]);
    return answer(result, sensor == NULL ? ABI_NOT_FOUND : (int32_t)sensor_available(sensor, hal_now_us()));
}

IMPORT(sensor_read)
{
    MODULE;
    struct sensor *sensor = sensor_at(module, arguments[0]);
    const int32_t wanted = I32(arguments[2]);
    if (sensor == NULL)
        return answer(result, ABI_NOT_FOUND);
    if (wanted < 0)
        return answer(result, ABI_INVALID);
    const uint32_t waiting = sensor_available(sensor, hal_now_us());
    const uint32_t count = (uint32_t)wanted < waiting ? (uint32_t)wanted : waiting;
    uint8_t *out;
    const enum trap trap = bytes_at(module, U32(arguments[1]), count * sensor->driver->channels * 2, &out);
    if (trap != TRAP_NONE)
        return trap;
    sensor_take(sensor, count, out);
    return answer(result, (int32_t)count);
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
        return answer(result, ABI_NOT_FOUND);
    const uint64_t lost = sensor_lost(sensor, hal_now_us());
    return answer(result, lost < INT32_MAX ? (int32_t)lost : INT32_MAX);
}

IMPORT(metric)
{
    MODULE;
    if (module->phase != PHASE_INIT)
        return answer(result, ABI_INVALID);
    struct span name;
    struct span unit;
    int32_t refusal;
    enum trap trap = name_at(module, U32(arguments[0]), U32(arguments[1]), &name, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return answer(result, refusal);
    trap = bounded_at(module, U32(arguments[2]), U32(arguments[3]), MESSAGE_UNIT_BYTES, &unit, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return answer(result, refusal);
    const int32_t exponent = I32(arguments[4]);
    if (!text_is_utf8(unit.bytes, unit.count) || exponent < -18 || exponent > 18)
        return answer(result, ABI_INVALID);
    if (declared_find(&module->metrics, name) >= 0)
        return answer(result, ABI_INVALID);
    /* With the heads of the list, both texts and the exponent. */
    if (module->metrics.count >= MESSAGE_METRICS || !declare(module, name.count + unit.count + 6))
        return answer(result, ABI_FULL);
    if (declared_add(&module->metrics, name, unit, (int8_t)exponent) == NULL)
        return answer(result, ABI_FULL);
    return answer(result, (int32_t)module->metrics.count - 1);
}

IMPORT(publish)
{
    MODULE;
    const uint32_t metric = U32(arguments[0]);
    const int64_t t0_us = (int64_t)arguments[1];
    const int32_t dt_us = I32(arguments[2]);
    const int32_t count = I32(arguments[4]);
    const int32_t quality = I32(arguments[5]);
    const struct declared *declared = declared_at(&module->metrics, metric);
    if (declared == NULL)
        return answer(result, ABI_NOT_FOUND);
    if (count > ABI_MAX_SAMPLES)
        return answer(result, ABI_TOO_LARGE);
    if (count < 1 || dt_us < 0 || quality < 0 || quality > 255 || t0_us < 0 || t0_us > CBOR_SAFE)
        return answer(result, ABI_INVALID);
    uint8_t *values;
    const enum trap trap = bytes_at(module, U32(arguments[3]), (uint32_t)count * 4, &values);
    if (trap != TRAP_NONE)
        return trap;
    if (!spend(module, SPEND_PUBLISHES))
        return answer(result, ABI_FULL);
    struct message_telemetry frame = {
        .metric = (uint8_t)metric,
        .quality = (uint8_t)quality,
        .exponent = declared->exponent,
        .t0_us = t0_us,
        .dt_us = (uint32_t)dt_us,
        .values = values,
        .count = (uint32_t)count,
    };
    voice_publish(module->agent, &frame);
    return answer(result, ABI_OK);
}

IMPORT(event)
{
    MODULE;
    struct span name;
    struct span body;
    int32_t refusal;
    enum trap trap = name_at(module, U32(arguments[0]), U32(arguments[1]), &name, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return answer(result, refusal);
    trap = bounded_at(module, U32(arguments[2]), U32(arguments[3]), ABI_MAX_EVENT, &body, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return answer(result, refusal);
    if (!cbor_well_formed(body.bytes, body.count, CBOR_MAX_LEVELS))
        return answer(result, ABI_INVALID);
    if (!spend(module, SPEND_EVENTS))
        return answer(result, ABI_FULL);
    if (!voice_event(module->agent, name, body))
        return answer(result, ABI_FULL);
    windows_keep(module->agent, module->agent->events - 1);
    return answer(result, ABI_OK);
}

IMPORT(subscribe)
{
    MODULE;
    if (module->phase != PHASE_INIT)
        return answer(result, ABI_INVALID);
    struct span name;
    int32_t refusal;
    const enum trap trap = name_at(module, U32(arguments[0]), U32(arguments[1]), &name, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return answer(result, refusal);
    const int32_t known = declared_find(&module->commands, name);
    if (known >= 0)
        return answer(result, known);
    if (module->commands.count >= MESSAGE_COMMANDS || !declare(module, name.count + 2))
        return answer(result, ABI_FULL);
    if (declared_add(&module->commands, name, (struct span){0}, 0) == NULL)
        return answer(result, ABI_FULL);
    return answer(result, (int32_t)module->commands.count - 1);
}

IMPORT(message_read)
{
    MODULE;
    if (module->phase != PHASE_MESSAGE)
        return answer(result, ABI_INVALID);
    return copy_out(module, module->message, U32(arguments[0]), U32(arguments[1]), result);
}

IMPORT(config)
{
    MODULE;
    struct span name;
    int32_t refusal;
    const enum trap trap = name_at(module, U32(arguments[0]), U32(arguments[1]), &name, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    /* An error number could be mistaken for the setting. */
    int32_t value = I32(arguments[2]);
    if (refusal == ABI_OK)
        agent_setting(module->agent, name, &value);
    return answer(result, value);
}

/* The flash under a module's store failed: no error number of the ABI says so. */
static enum trap broken_store(struct module *module)
{
    char space[REASON_TEXT_BYTES];
    struct text text = text_in(space, sizeof space);
    text_add(&text, "a host function failed: the flash can't be read or written");
    return fault(module, TRAP_HOST, "TRAP_HOST", &text);
}

IMPORT(kv_get)
{
    MODULE;
    struct span name;
    struct span value;
    int32_t refusal;
    const enum trap trap = name_at(module, U32(arguments[0]), U32(arguments[1]), &name, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return answer(result, refusal);
    if (!kv_get(&module->agent->storage.module, name.bytes, name.count, &value))
        return answer(result, ABI_NOT_FOUND);
    return copy_out(module, value, U32(arguments[2]), U32(arguments[3]), result);
}

IMPORT(kv_set)
{
    MODULE;
    struct span name;
    struct span value;
    int32_t refusal;
    enum trap trap = name_at(module, U32(arguments[0]), U32(arguments[1]), &name, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return answer(result, refusal);
    trap = bounded_at(module, U32(arguments[2]), U32(arguments[3]), ABI_MAX_VALUE, &value, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return answer(result, refusal);
    if (!spend(module, SPEND_WRITES))
        return answer(result, ABI_FULL);
    switch (kv_set(&module->agent->storage.module, name.bytes, name.count, value.bytes, value.count)) {
    case KV_OK:
        return answer(result, ABI_OK);
    case KV_FULL:
        return answer(result, ABI_FULL);
    default:
        return broken_store(module);
    }
}

IMPORT(kv_delete)
{
    MODULE;
    struct span name;
    int32_t refusal;
    const enum trap trap = name_at(module, U32(arguments[0]), U32(arguments[1]), &name, &refusal);
    if (trap != TRAP_NONE)
        return trap;
    if (refusal != ABI_OK)
        return answer(result, refusal);
    if (!spend(module, SPEND_WRITES))
        return answer(result, ABI_FULL);
    switch (kv_delete(&module->agent->storage.module, name.bytes, name.count)) {
    case KV_OK:
        return answer(result, ABI_OK);
    case KV_NOT_FOUND:
        return answer(result, ABI_NOT_FOUND);
    default:
        return broken_store(module);
    }
}

/* --- Native kernels --- */

static struct kernels_space space_of(const struct module *module)
{
    struct kernels_space space = {.rom = module->package.rom.bytes, .rom_bytes = module->package.rom.count};
    space.memory = machine_memory(module->machine, &space.memory_bytes);
    return space;
}

/* A record that reaches outside the module's memory and rom is a fault of the module. */
static enum trap kernels_answer(struct module *module, int32_t done, uint64_t *result)
{
    if (done != KERNELS_FAULT)
        return answer(result, done);
    char bytes[REASON_TEXT_BYTES];
    struct text text = text_in(bytes, sizeof bytes);
    text_add(&text, "a record of an operator reaches outside the module's memory or rom");
    return fault(module, TRAP_MEMORY, "TRAP_MEMORY", &text);
}

IMPORT(nn_run)
{
    MODULE;
    const struct kernels_space space = space_of(module);
    return kernels_answer(module, kernels_run(&space, U32(arguments[0]), U32(arguments[1]), U32(arguments[2])), result);
}

IMPORT(nn_real_fft)
{
    MODULE;
    const struct kernels_space space = space_of(module);
    const int32_t done =
        kernels_real_fft(&space, U32(arguments[0]), U32(arguments[1]), U32(arguments[2]), I32(arguments[3]));
    return kernels_answer(module, done, result);
}

IMPORT(nn_filter_bank)
{
    MODULE;
    const struct kernels_space space = space_of(module);
    const int32_t done = kernels_filter_bank(&space, U32(arguments[0]), U32(arguments[1]), U32(arguments[2]),
                                             I32(arguments[3]), I32(arguments[4]), U32(arguments[5]));
    return kernels_answer(module, done, result);
}

/* rom_size and rom_read are the machine's own, over the rom in place. The native kernels come last. */
#define KERNELS 3
static const struct machine_import table[] = {
    {"time_now", "I()", import_time_now},
    {"time_utc", "I()", import_time_utc},
    {"random", "i()", import_random},
    {"log", "v(iii)", import_log},
    {"tap", "v(iiii)", import_tap},
    {"sensor_open", "i(ii)", import_sensor_open},
    {"sensor_rate", "i(i)", import_sensor_rate},
    {"sensor_frame_bytes", "i(i)", import_sensor_frame_bytes},
    {"sensor_available", "i(i)", import_sensor_available},
    {"sensor_read", "i(iii)", import_sensor_read},
    {"sensor_time", "I(i)", import_sensor_time},
    {"sensor_lost", "i(i)", import_sensor_lost},
    {"metric", "i(iiiii)", import_metric},
    {"publish", "i(iIiiii)", import_publish},
    {"event", "i(iiii)", import_event},
    {"subscribe", "i(ii)", import_subscribe},
    {"message_read", "i(ii)", import_message_read},
    {"config", "i(iii)", import_config},
    {"kv_get", "i(iiii)", import_kv_get},
    {"kv_set", "i(iiii)", import_kv_set},
    {"kv_delete", "i(ii)", import_kv_delete},
    {"nn_run", "i(iii)", import_nn_run},
    {"nn_real_fft", "i(iiii)", import_nn_real_fft},
    {"nn_filter_bank", "i(iiiiii)", import_nn_filter_bank},
};
#define TABLE (sizeof table / sizeof table[0])
/* A function that is added to the ABI is added here, or to the machine. */
#define COUNT(name, signature) +1
_Static_assert(TABLE + 2 == ABI_IMPORTS(COUNT), "every import of the ABI is given");

const struct machine_import *imports_table(void)
{
    return table;
}

uint32_t imports_count(bool accelerated)
{
    return (uint32_t)(accelerated ? TABLE : TABLE - KERNELS);
}
