/* Imports for time, random numbers, log lines, metrics, events and messages. The TypeScript twin is host/device/node/host-imports.ts. */
#include "imports_io.h"

#include "base/utf8.h"
#include "cbor/cbor.h"
#include "platform/hal.h"
#include "state.h"

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
    return import_answer(result, (int32_t)random_next(&module->agent->random));
}

IMPORT(log)
{
    MODULE;
    const uint32_t level = U32(arguments[0]);
    const uint32_t count = U32(arguments[2]) < ABI_MAX_LOG ? U32(arguments[2]) : ABI_MAX_LOG;
    uint8_t *bytes;
    const enum trap trap = import_bytes(module, U32(arguments[1]), count, &bytes);
    if (trap != TRAP_NONE)
        return trap;
    /* Excess lines are dropped. */
    if (import_spend(module, SPEND_LOGS))
        publisher_log(module->agent, level <= ABI_LEVEL_DEBUG ? (uint8_t)level : ABI_LEVEL_ERROR,
                  (struct span){bytes, count});
    return TRAP_NONE;
}

IMPORT(tap)
{
    MODULE;
    if (!hal_traces())
        return TRAP_NONE;
    struct span name;
    struct span data;
    uint64_t unsaid;
    enum trap end;
    if (import_takes_name(module, arguments, &name, &unsaid, &end) &&
        import_takes(module, arguments + 2, UINT32_MAX, &data, &unsaid, &end))
        hal_trace((const char *)name.bytes, name.count, data.bytes, data.count);
    return end;
}

/* Reserves bytes of the birth message. Returns false if there are too few. */
static bool declare(struct module *module, uint32_t bytes)
{
    if (module->declared_bytes + bytes > MODULE_DECLARED_BYTES)
        return false;
    module->declared_bytes += bytes;
    return true;
}

IMPORT(metric)
{
    MODULE;
    if (module->phase != PHASE_INIT)
        return import_answer(result, ABI_INVALID);
    struct span name;
    struct span unit;
    enum trap end;
    if (!import_takes_name(module, arguments, &name, result, &end) ||
        !import_takes(module, arguments + 2, MESSAGE_UNIT_BYTES, &unit, result, &end))
        return end;
    const int32_t exponent = I32(arguments[4]);
    if (!wire_text(unit.bytes, unit.count) || exponent < -18 || exponent > 18)
        return import_answer(result, ABI_INVALID);
    if (declared_find(&module->metrics, name) >= 0)
        return import_answer(result, ABI_INVALID);
    /* Counts the heads of the list, both texts and the exponent. */
    if (module->metrics.count >= MESSAGE_METRICS || !declare(module, name.count + unit.count + 6))
        return import_answer(result, ABI_FULL);
    if (declared_add(&module->metrics, name, unit, (int8_t)exponent) == NULL)
        return import_answer(result, ABI_FULL);
    return import_answer(result, (int32_t)module->metrics.count - 1);
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
        return import_answer(result, ABI_NOT_FOUND);
    if (count > ABI_MAX_SAMPLES)
        return import_answer(result, ABI_TOO_LARGE);
    if (count < 1 || dt_us < 0 || quality < 0 || quality > 255 || t0_us < 0 || t0_us > CBOR_SAFE)
        return import_answer(result, ABI_INVALID);
    uint8_t *values;
    const enum trap trap = import_bytes(module, U32(arguments[3]), (uint32_t)count * 4, &values);
    if (trap != TRAP_NONE)
        return trap;
    if (!import_spend(module, SPEND_PUBLISHES))
        return import_answer(result, ABI_FULL);
    struct message_telemetry frame = {
        .metric = (uint8_t)metric,
        .quality = (uint8_t)quality,
        .exponent = declared->exponent,
        .t0_us = t0_us,
        .dt_us = (uint32_t)dt_us,
        .values = values,
        .count = (uint32_t)count,
    };
    publisher_telemetry(module->agent, &frame);
    return import_answer(result, ABI_OK);
}

IMPORT(event)
{
    MODULE;
    struct span name;
    struct span body;
    enum trap end;
    if (!import_takes_name(module, arguments, &name, result, &end) ||
        !import_takes(module, arguments + 2, ABI_MAX_EVENT, &body, result, &end))
        return end;
    if (!cbor_well_formed(body.bytes, body.count, CBOR_MAX_LEVELS))
        return import_answer(result, ABI_INVALID);
    if (!import_spend(module, SPEND_EVENTS))
        return import_answer(result, ABI_FULL);
    if (!publisher_event(module->agent, name, body))
        return import_answer(result, ABI_FULL);
    captures_keep(module->agent, module->agent->publisher.events - 1);
    return import_answer(result, ABI_OK);
}

IMPORT(subscribe)
{
    MODULE;
    if (module->phase != PHASE_INIT)
        return import_answer(result, ABI_INVALID);
    struct span name;
    enum trap end;
    if (!import_takes_name(module, arguments, &name, result, &end))
        return end;
    const int32_t known = declared_find(&module->commands, name);
    if (known >= 0)
        return import_answer(result, known);
    if (module->commands.count >= MESSAGE_COMMANDS || !declare(module, name.count + 2))
        return import_answer(result, ABI_FULL);
    if (declared_add(&module->commands, name, (struct span){0}, 0) == NULL)
        return import_answer(result, ABI_FULL);
    return import_answer(result, (int32_t)module->commands.count - 1);
}

IMPORT(message_read)
{
    MODULE;
    if (module->phase != PHASE_MESSAGE)
        return import_answer(result, ABI_INVALID);
    return import_copy_out(module, module->message, U32(arguments[0]), U32(arguments[1]), result);
}
