/* Writes messages of a node within the limits that a shim checks. */
#include <string.h>

#include "base/utf8.h"
#include "message.h"

/* An integer of 64 bits. It is written and read only here, until UTC replaces it. */
#define WIDE_UINT 0x1b

static bool put_text(struct cbor_writer *out, struct span text, uint32_t min, uint32_t max)
{
    cbor_put_text(out, text);
    return text.count >= min && text.count <= max && wire_text(text.bytes, text.count);
}

static bool put_name(struct cbor_writer *out, struct span text)
{
    return put_text(out, text, 1, ABI_MAX_NAME);
}

static bool put_time(struct cbor_writer *out, int64_t us, uint8_t *time_at)
{
    uint8_t place[LINK_TIME_BYTES] = {WIDE_UINT};
    put_u64(place + 1, (uint64_t)us);
    *time_at = (uint8_t)out->length;
    cbor_put_raw(out, place, sizeof place);
    return us >= -CBOR_SAFE && us <= CBOR_SAFE;
}

static bool exponent_fits(int8_t exponent)
{
    return exponent >= -MESSAGE_MAX_EXPONENT && exponent <= MESSAGE_MAX_EXPONENT;
}

static bool put_module(struct cbor_writer *out, const struct message_module *module)
{
    cbor_put_array(out, 6);
    bool fits = put_name(out, module->name);
    fits = put_text(out, module->version, 0, ABI_MAX_NAME) && fits;
    cbor_put_int(out, module->sequence);
    cbor_put_bytes(out, module->sha256, MESSAGE_SHA256_BYTES);
    cbor_put_int(out, module->slot);
    cbor_put_int(out, module->state);
    return fits && module->state < SLOT_STATES;
}

static bool put_metric(struct cbor_writer *out, struct message_metric metric)
{
    cbor_put_array(out, 3);
    bool fits = put_name(out, metric.name);
    fits = put_text(out, metric.unit, 0, MESSAGE_UNIT_BYTES) && fits;
    cbor_put_int(out, metric.exponent);
    return fits && exponent_fits(metric.exponent);
}

static bool put_birth(struct cbor_writer *out, const struct message_birth *birth)
{
    if (birth->metric_count > MESSAGE_METRICS || birth->command_count > MESSAGE_COMMANDS)
        return false;
    cbor_put_array(out, MESSAGE_BIRTH_ITEMS);
    cbor_put_int(out, MESSAGE_BIRTH);
    bool fits = put_name(out, birth->node);
    cbor_put_int(out, birth->boot);
    cbor_put_array(out, 2);
    fits = put_name(out, birth->firmware_name) && fits;
    fits = put_text(out, birth->firmware_version, 0, ABI_MAX_NAME) && fits;
    if (birth->has_module)
        fits = put_module(out, &birth->module) && fits;
    else
        cbor_put_null(out);
    cbor_put_array(out, birth->metric_count);
    for (uint32_t i = 0; i < birth->metric_count; i++)
        fits = put_metric(out, birth->metric(birth->context, i)) && fits;
    cbor_put_array(out, birth->command_count);
    for (uint32_t i = 0; i < birth->command_count; i++)
        fits = put_name(out, birth->command(birth->context, i)) && fits;
    return fits;
}

/*
 * int32 values, each as its difference to the preceding one modulo 2^32: the values of a slow signal take one byte
 * each.
 */
static void put_values(struct cbor_writer *out, const uint8_t *values, uint32_t count)
{
    uint32_t previous = 0;
    cbor_put_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t value = get_u32(values + (size_t)i * 4);
        cbor_put_int(out, (int32_t)(value - previous));
        previous = value;
    }
}

static bool put_telemetry(struct cbor_writer *out, const struct message_telemetry *telemetry, uint8_t *time_at)
{
    if (telemetry->count < 1 || telemetry->count > ABI_MAX_SAMPLES)
        return false;
    cbor_put_array(out, MESSAGE_TELEMETRY_ITEMS);
    cbor_put_int(out, MESSAGE_TELEMETRY);
    cbor_put_int(out, telemetry->metric);
    const bool fits = put_time(out, telemetry->t0_us, time_at);
    cbor_put_int(out, telemetry->dt_us);
    put_values(out, telemetry->values, telemetry->count);
    cbor_put_int(out, telemetry->exponent);
    cbor_put_int(out, telemetry->quality);
    cbor_put_int(out, telemetry->seq);
    return fits && telemetry->metric < MESSAGE_METRICS && telemetry->dt_us <= INT32_MAX &&
           exponent_fits(telemetry->exponent);
}

static bool put_event(struct cbor_writer *out, const struct message_event *event, uint8_t *time_at)
{
    if (event->body.count < 1 || event->body.count > ABI_MAX_EVENT)
        return false;
    cbor_put_array(out, MESSAGE_EVENT_ITEMS);
    cbor_put_int(out, MESSAGE_EVENT);
    bool fits = put_name(out, event->name);
    fits = put_time(out, event->t_us, time_at) && fits;
    cbor_put_int(out, event->seq);
    cbor_put_bytes(out, event->body.bytes, event->body.count);
    return fits && cbor_well_formed(event->body.bytes, event->body.count, CBOR_MAX_LEVELS);
}

/* The number, what the module was doing, and the arguments. */
static bool put_reason(struct cbor_writer *out, const struct reason *reason)
{
    const bool has_text = reason->text_bytes > 0;
    bool fits = reason->number != REASON_NONE;
    cbor_put_array(out, 2u + reason->count + has_text);
    cbor_put_int(out, reason->number);
    cbor_put_int(out, reason->during);
    for (uint32_t i = 0; i < reason->count; i++) {
        cbor_put_int(out, reason->numbers[i]);
        fits = fits && reason->numbers[i] >= -CBOR_SAFE && reason->numbers[i] <= CBOR_SAFE;
    }
    const struct span text = {(const uint8_t *)reason->text, reason->text_bytes};
    return (!has_text || put_text(out, text, 1, REASON_TEXT_BYTES)) && fits;
}

static bool put_log(struct cbor_writer *out, const struct message_log *log, uint8_t *time_at)
{
    cbor_put_array(out, MESSAGE_LOG_ITEMS);
    cbor_put_int(out, MESSAGE_LOG);
    cbor_put_int(out, log->level);
    const bool fits = put_time(out, log->t_us, time_at);
    const bool text_fits =
        log->reason != NULL ? put_reason(out, log->reason) : put_text(out, log->text, 0, MESSAGE_TEXT_BYTES);
    return text_fits && fits && log->level < ABI_LEVELS;
}

static void put_optional(struct cbor_writer *out, bool has, uint64_t value)
{
    if (has)
        cbor_put_int(out, (int64_t)value);
    else
        cbor_put_null(out);
}

static bool put_ota(struct cbor_writer *out, const struct message_ota *ota)
{
    bool fits = ota->state < TRANSFER_STATES && ota->received <= INT32_MAX && ota->total <= INT32_MAX;
    cbor_put_array(out, MESSAGE_OTA_ITEMS);
    cbor_put_int(out, MESSAGE_OTA);
    cbor_put_int(out, ota->state);
    cbor_put_int(out, ota->sequence);
    cbor_put_bytes(out, ota->sha256, MESSAGE_SHA256_BYTES);
    cbor_put_int(out, ota->received);
    cbor_put_int(out, ota->total);
    put_optional(out, ota->has_swap, ota->swap_us);
    fits = fits && (!ota->has_swap || ota->swap_us <= (uint64_t)CBOR_SAFE);
    put_optional(out, ota->has_lost, ota->lost);
    if (ota->reason != NULL)
        return put_reason(out, ota->reason) && fits;
    cbor_put_null(out);
    return fits;
}

static bool put_result(struct cbor_writer *out, const struct message_result *result)
{
    cbor_put_array(out, MESSAGE_RESULT_ITEMS);
    cbor_put_int(out, MESSAGE_RESULT);
    cbor_put_int(out, result->id);
    cbor_put_bool(out, result->ok);
    if (result->reason != NULL)
        return put_reason(out, result->reason);
    cbor_put_null(out);
    return true;
}

bool message_put(struct cbor_writer *out, const struct message_said *said, uint8_t *time_at)
{
    *time_at = 0;
    switch (said->type) {
    case MESSAGE_BIRTH:
        return put_birth(out, said->as.birth);
    case MESSAGE_TELEMETRY:
        return put_telemetry(out, said->as.telemetry, time_at);
    case MESSAGE_EVENT:
        return put_event(out, said->as.event, time_at);
    case MESSAGE_LOG:
        return put_log(out, said->as.log, time_at);
    case MESSAGE_OTA:
        return put_ota(out, said->as.ota);
    case MESSAGE_RESULT:
        return put_result(out, said->as.result);
    case MESSAGE_TIME_REQUEST:
        cbor_put_array(out, MESSAGE_TIME_REQUEST_ITEMS);
        cbor_put_int(out, MESSAGE_TIME_REQUEST);
        cbor_put_int(out, (int64_t)*said->as.sent_us);
        return *said->as.sent_us <= (uint64_t)CBOR_SAFE;
    default:
        return false;
    }
}

int64_t message_time_us(const uint8_t *bytes, uint8_t time_at)
{
    return (int64_t)get_u64(bytes + time_at + 1);
}

uint32_t message_time_bytes(int64_t utc_ms)
{
    struct cbor_writer count = cbor_write(NULL, 0);
    cbor_put_int(&count, utc_ms);
    return (uint32_t)count.length;
}

uint32_t message_date(uint8_t *bytes, uint32_t count, uint8_t time_at, int64_t utc_ms)
{
    struct cbor_writer out = cbor_write(bytes + time_at, LINK_TIME_BYTES);
    cbor_put_int(&out, utc_ms);
    const uint32_t rest = (uint32_t)time_at + LINK_TIME_BYTES;
    memmove(bytes + time_at + out.length, bytes + rest, count - rest);
    return count - LINK_TIME_BYTES + (uint32_t)out.length;
}
