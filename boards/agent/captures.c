/* Captures in one block of memory. The TypeScript twin is host/device/node/captures.ts. */
#include "captures.h"

#include <string.h>

#include "base/abi.h"
#include "cbor/cbor.h"
#include "platform/hal.h"
#include "state.h"

/* Offsets in the head of a capture: numbers of event and sensor, time of the first sample, bytes of all samples. */
enum { EVENT_AT = 0, SENSOR_AT = 4, TIME_AT = 8, COUNT_AT = 16, HEAD_BYTES = NODE_CAPTURE_HEAD_BYTES };
_Static_assert(HEAD_BYTES == COUNT_AT + 4, "the head ends with the number of bytes");

static uint32_t whole_bytes(const uint8_t *capture)
{
    return NODE_CAPTURE_HEAD_BYTES + get_u32(capture + COUNT_AT);
}

static void make_room(struct captures *captures, uint32_t bytes)
{
    uint32_t gone = 0;
    while (captures->used - gone + bytes > captures->size) {
        gone += whole_bytes(captures->bytes + gone);
        captures->first++;
    }
    captures->used -= gone;
    memmove(captures->bytes, captures->bytes + gone, captures->used);
}

static void keep(struct agent *agent, uint32_t event, uint32_t index)
{
    struct captures *captures = &agent->captures;
    struct sensor *sensor = &agent->sensors[index];
    const uint32_t sample_bytes = sensor->driver->channels * 2u;
    const uint32_t max = captures->size / NODE_CAPTURE_SHARE;
    uint64_t first;
    if (!sensor->opened || max < HEAD_BYTES + sample_bytes)
        return;
    const uint32_t count = sensor_history(sensor, hal_now_us(), (max - HEAD_BYTES) / sample_bytes, &first);
    if (first + count == captures->captured[index])
        return;
    captures->captured[index] = first + count;
    const uint32_t bytes = count * sample_bytes;
    make_room(captures, NODE_CAPTURE_HEAD_BYTES + bytes);
    uint8_t *capture = captures->bytes + captures->used;
    put_u32(capture + EVENT_AT, event);
    put_u32(capture + SENSOR_AT, index);
    put_u64(capture + TIME_AT, sensor->start_us + sensor_due_us(first, sensor->driver->rate_millihertz));
    put_u32(capture + COUNT_AT, bytes);
    sensor_copy(sensor, first, count, capture + NODE_CAPTURE_HEAD_BYTES);
    captures->used += NODE_CAPTURE_HEAD_BYTES + bytes;
    captures->next++;
}

void captures_keep(struct agent *agent, uint32_t event)
{
    for (uint32_t i = 0; i < agent->sensor_count; i++)
        keep(agent, event, i);
}

static bool answer(struct agent *agent, const char *name, const struct cbor_writer *body, struct reason *why)
{
    if (publisher_event(agent, text_of(name), (struct span){body->bytes, (uint32_t)body->length}))
        return true;
    return refuse(why, REASON_CAPTURE_ROOM);
}

static bool send_range(struct agent *agent, struct reason *why)
{
    uint8_t bytes[16];
    struct cbor_writer body = cbor_write(bytes, sizeof bytes);
    cbor_put_array(&body, 2);
    cbor_put_int(&body, agent->captures.first);
    cbor_put_int(&body, agent->captures.next);
    return answer(agent, "agent.windows", &body, why);
}

static bool send_part(struct agent *agent, uint32_t number, const uint8_t *capture, uint32_t offset, struct reason *why)
{
    const struct hal_sensor *driver = agent->sensors[get_u32(capture + SENSOR_AT)].driver;
    const uint32_t total = get_u32(capture + COUNT_AT);
    const uint32_t left = total - offset;
    const uint32_t count = left < NODE_CAPTURE_PART_BYTES ? left : NODE_CAPTURE_PART_BYTES;
    uint8_t bytes[ABI_MAX_EVENT];
    struct cbor_writer body = cbor_write(bytes, sizeof bytes);
    cbor_put_array(&body, 7);
    cbor_put_int(&body, number);
    cbor_put_int(&body, get_u32(capture + EVENT_AT));
    cbor_put_text(&body, text_of(driver->name));
    cbor_put_int(&body, (int64_t)get_u64(capture + TIME_AT));
    cbor_put_int(&body, total);
    cbor_put_int(&body, offset);
    cbor_put_bytes(&body, capture + HEAD_BYTES + offset, count);
    return answer(agent, "agent.window", &body, why);
}

static bool send_capture(struct agent *agent, struct span wanted, struct reason *why)
{
    const struct captures *captures = &agent->captures;
    struct cbor_reader reader = cbor_read(wanted.bytes, wanted.count);
    cbor_array(&reader, 2, 2);
    const uint32_t number = (uint32_t)cbor_int(&reader, 0, UINT32_MAX);
    const uint32_t offset = (uint32_t)cbor_int(&reader, 0, UINT32_MAX);
    if (!cbor_end(&reader))
        return refuse(why, REASON_CAPTURE_BODY);
    const uint8_t *capture = captures->bytes;
    if (number - captures->first < captures->next - captures->first) {
        for (uint32_t i = captures->first; i != number; i++)
            capture += whole_bytes(capture);
        if (offset < get_u32(capture + COUNT_AT))
            return send_part(agent, number, capture, offset, why);
    }
    return refuse(why, REASON_CAPTURE_UNKNOWN);
}

bool captures_command(struct agent *agent, struct span name, struct span body, struct reason *why)
{
    if (spans_equal(name, text_of("agent.windows")))
        return send_range(agent, why);
    if (spans_equal(name, text_of("agent.window")))
        return send_capture(agent, body, why);
    refuse(why, REASON_NO_OWN_COMMAND);
    reason_text(why, name);
    return false;
}
