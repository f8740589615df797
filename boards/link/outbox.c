/* Stores what a node sends until it has been acknowledged. */
#include "outbox.h"

#include <string.h>

#include "outbox_room.h"

static void set_item(struct outbox *outbox, uint32_t at, const struct item *item)
{
    uint8_t *head = place(outbox, at);
    put_u16(head, (uint16_t)item->cost);
    put_u16(head + 2, (uint16_t)item->length);
    put_u16(head + 4, (uint16_t)item->values);
    head[6] = (uint8_t)item->type;
    head[7] = item->time_at;
}

static bool is_data(enum message_type type)
{
    return type == MESSAGE_TELEMETRY || type == MESSAGE_EVENT || type == MESSAGE_LOG;
}

/* Counts an item that now waits among the data. */
static void account_add(struct outbox *outbox, const struct item *item)
{
    if (item->type == MESSAGE_EVENT)
        outbox->events++;
    else
        outbox->droppable_bytes += item->cost;
    if (item->type == MESSAGE_LOG)
        outbox->logs++;
    if (item->type == MESSAGE_TELEMETRY) {
        outbox->telemetry++;
        outbox->values += item->values;
    }
    part_add(&outbox->data, item->cost);
}

/* Opens a gap of `count` bytes at `at`. They must fit. */
static void open_gap(struct outbox *outbox, uint32_t at, uint32_t count)
{
    const uint32_t all = total(outbox);
    if (outbox->start + all + count > outbox->size) {
        memmove(outbox->memory, place(outbox, 0), all);
        outbox->start = 0;
    }
    memmove(place(outbox, at + count), place(outbox, at), all - at);
}

static void reverse(uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count / 2; i++) {
        const uint8_t byte = bytes[i];
        bytes[i] = bytes[count - 1 - i];
        bytes[count - 1 - i] = byte;
    }
}

/* Exchanges two neighbouring blocks. */
static void swap(uint8_t *bytes, uint32_t left, uint32_t right)
{
    if (left == 0 || right == 0)
        return;
    reverse(bytes, left);
    reverse(bytes + left, right);
    reverse(bytes, left + right);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void outbox_init(struct outbox *outbox, uint8_t *memory, uint32_t size, const struct outbox_limits *limits)
{
    *outbox = (struct outbox){.memory = memory, .size = least(size, OUTBOX_MAX_BYTES), .limits = *limits};
    outbox->limits.bytes = least(limits->bytes, outbox->size);
    outbox->limits.reserve_bytes = least(limits->reserve_bytes, outbox->limits.bytes);
    if (limits->control < 1)
        outbox->limits.control = 1;
}

bool outbox_event_room(const struct outbox *outbox, uint32_t name_bytes, uint32_t body_bytes)
{
    struct cbor_writer count = cbor_write(NULL, 0);
    /*
     * Counts everything but the time and the contents of the strings. The number of the event is not known yet and
     * counts with its longest form.
     */
    cbor_put_array(&count, 5);
    cbor_put_int(&count, MESSAGE_EVENT);
    cbor_put_int(&count, UINT32_MAX);
    cbor_put_array(&count, name_bytes);
    cbor_put_array(&count, body_bytes);
    const uint32_t head = LINK_ITEM_BYTES + (uint32_t)count.length + LINK_TIME_BYTES;
    return outbox_room_for_event(outbox, head + name_bytes + body_bytes);
}

/* --- What metrics mean --- */

/* Returns a digest of the metrics: names, units, exponents, and where each name ends. */
static uint32_t digest(const struct message_birth *birth)
{
    uint32_t crc = 0;
    for (uint32_t i = 0; i < birth->metric_count; i++) {
        const struct message_metric metric = birth->metric(birth->context, i);
        crc = crc32(crc, metric.name.bytes, metric.name.count) ^ (metric.name.count << 8 | (uint8_t)metric.exponent);
        crc = crc32(crc, metric.unit.bytes, metric.unit.count);
    }
    return crc;
}

void outbox_hold(struct outbox *outbox)
{
    outbox->older = outbox->telemetry;
    outbox->held = true;
}

void outbox_drop_telemetry(struct outbox *outbox)
{
    if (!outbox->held)
        outbox->older = outbox->telemetry;
    while (outbox->older > 0)
        outbox_drop_oldest(outbox, MESSAGE_TELEMETRY);
}

void outbox_name(struct outbox *outbox, const struct message_birth *birth)
{
    const uint32_t metrics = digest(birth);
    if (metrics != outbox->metrics) {
        outbox_drop_telemetry(outbox);
        /*
         * Queued telemetry is sent before the birth, but must not be restored for a new peer: mark it as having no
         * values.
         */
        for (uint32_t at = 0; at < outbox->queued.bytes; at += get_u16(place(outbox, at)))
            put_u16(place(outbox, at) + 4, 0);
    }
    outbox->metrics = metrics;
    outbox->held = false;
    outbox->nameless = true;
}

/* --- What the node says --- */

static bool measure(const struct message_said *said, struct item *item)
{
    struct cbor_writer count = cbor_write(NULL, 0);
    if (!message_put(&count, said, &item->time_at) || count.length > LINK_MAX_MESSAGE_BYTES)
        return false;
    item->length = (uint32_t)count.length;
    item->cost = LINK_ITEM_BYTES + item->length;
    item->values = said->type == MESSAGE_TELEMETRY ? said->as.telemetry->count : 0;
    item->type = said->type;
    return true;
}

/* Inserts a message at `at`. The caller counts it. */
static void insert(struct outbox *outbox, uint32_t at, const struct item *item, const struct message_said *said)
{
    uint8_t time_at;
    open_gap(outbox, at, item->cost);
    set_item(outbox, at, item);
    struct cbor_writer out = cbor_write(place(outbox, at + LINK_ITEM_BYTES), item->length);
    message_put(&out, said, &time_at);
}

static bool add_data(struct outbox *outbox, const struct item *item, const struct message_said *said)
{
    const bool room = item->type == MESSAGE_TELEMETRY ? outbox_room_for_telemetry(outbox, item)
                      : item->type == MESSAGE_LOG     ? outbox_room_for_log(outbox, item)
                                                      : outbox_room_for_event(outbox, item->cost);
    if (!room)
        return false;
    outbox_make_room_for_data(outbox, item->cost);
    insert(outbox, total(outbox), item, said);
    account_add(outbox, item);
    return true;
}

static bool add_control(struct outbox *outbox, const struct item *item, const struct message_said *said)
{
    while (outbox->control.count >= outbox->limits.control)
        outbox_drop_control(outbox);
    if (!outbox_make_room_for_control(outbox, item->cost))
        return false;
    insert(outbox, outbox->queued.bytes + outbox->control.bytes, item, said);
    part_add(&outbox->control, item->cost);
    return true;
}

bool outbox_add(struct outbox *outbox, const struct message_said *said)
{
    struct item item;
    if (!measure(said, &item))
        return false;
    return is_data(said->type) ? add_data(outbox, &item, said) : add_control(outbox, &item, said);
}

/* --- From waiting to the queue --- */

static void queue_control(struct outbox *outbox, const struct item *item)
{
    part_add(&outbox->queued, item->cost);
    if (item->type == MESSAGE_BIRTH)
        outbox->nameless = false;
}

bool outbox_control_head(const struct outbox *outbox, struct outbox_head *head)
{
    if (outbox->control.count == 0)
        return false;
    const struct item item = item_at(outbox, outbox->queued.bytes);
    *head = (struct outbox_head){.length = item.length, .cost = item.cost};
    return true;
}

static int64_t utc_of(const struct outbox *outbox, uint32_t at, const struct item *item, const struct utc *utc)
{
    return utc_at(utc, (uint64_t)message_time_us(place(outbox, at + LINK_ITEM_BYTES), item->time_at));
}

bool outbox_data_head(const struct outbox *outbox, const struct utc *utc, struct outbox_head *head)
{
    const uint32_t at = outbox->queued.bytes + outbox->control.bytes;
    if (outbox->data.count == 0)
        return false;
    const struct item item = item_at(outbox, at);
    *head = (struct outbox_head){.length = item.length, .cost = item.cost};
    if (item.time_at != 0)
        head->length += message_time_bytes(utc_of(outbox, at, &item, utc)) - LINK_TIME_BYTES;
    return true;
}

void outbox_queue_control(struct outbox *outbox)
{
    const struct item item = item_at(outbox, outbox->queued.bytes);
    part_take(&outbox->control, item.cost);
    queue_control(outbox, &item);
}

void outbox_queue_data(struct outbox *outbox, const struct utc *utc)
{
    const uint32_t at = outbox->queued.bytes;
    struct item item = item_at(outbox, at);
    outbox_account_take(outbox, &item);
    part_add(&outbox->queued, item.cost);
    outbox->queued_data_bytes += item.cost;
    if (item.time_at == 0)
        return;
    uint8_t *message = place(outbox, at + LINK_ITEM_BYTES);
    item.length = message_date(message, item.length, item.time_at, utc_of(outbox, at, &item, utc));
    /* The saved bytes stay with the item until it has been acknowledged. */
    item.time_at = 0;
    set_item(outbox, at, &item);
}

void outbox_drop_control(struct outbox *outbox)
{
    const struct item item = item_at(outbox, outbox->queued.bytes);
    outbox_cut(outbox, outbox->queued.bytes, item.cost);
    part_take(&outbox->control, item.cost);
    if (item.type == MESSAGE_BIRTH)
        outbox->nameless = true;
}

void outbox_drop_data(struct outbox *outbox)
{
    const uint32_t at = outbox->queued.bytes + outbox->control.bytes;
    const struct item item = item_at(outbox, at);
    outbox_cut(outbox, at, item.cost);
    outbox_account_take(outbox, &item);
}

bool outbox_reserve(struct outbox *outbox, const struct message_said *said, struct outbox_head *head)
{
    struct item item;
    if (!measure(said, &item) || !outbox_make_room_for_control(outbox, item.cost))
        return false;
    *head = (struct outbox_head){.length = item.length, .cost = item.cost};
    return true;
}

void outbox_queue_reserved(struct outbox *outbox, const struct message_said *said)
{
    struct item item;
    measure(said, &item);
    insert(outbox, outbox->queued.bytes, &item, said);
    queue_control(outbox, &item);
}

/* --- The queue --- */

struct span outbox_queued(const struct outbox *outbox, uint32_t index)
{
    uint32_t at = 0;
    while (index-- > 0)
        at += item_at(outbox, at).cost;
    return (struct span){.bytes = place(outbox, at + LINK_ITEM_BYTES), .count = item_at(outbox, at).length};
}

void outbox_acknowledge(struct outbox *outbox, uint32_t count)
{
    while (count-- > 0) {
        const struct item item = item_at(outbox, 0);
        if (is_data(item.type))
            outbox->queued_data_bytes -= item.cost;
        part_take(&outbox->queued, item.cost);
        outbox->start += item.cost;
    }
}

void outbox_restore(struct outbox *outbox)
{
    struct outbox_part control = {0};
    uint32_t data_bytes = 0;
    /* Queued and waiting items become: first all answers and statuses, then all data, each in their order. */
    outbox->queued.bytes += outbox->control.bytes;
    outbox->control = (struct outbox_part){0};
    for (uint32_t at = 0; at < outbox->queued.bytes;) {
        const struct item item = item_at(outbox, at);
        if (item.type == MESSAGE_OTA || item.type == MESSAGE_RESULT) {
            swap(place(outbox, control.bytes), data_bytes, item.cost);
            part_add(&control, item.cost);
            at += item.cost;
        } else if (is_data(item.type) && (item.type != MESSAGE_TELEMETRY || item.values > 0)) {
            data_bytes += item.cost;
            at += item.cost;
        } else {
            outbox->dropped_telemetry += item.type == MESSAGE_TELEMETRY;
            outbox_cut(outbox, at, item.cost);
            outbox->queued.bytes -= item.cost;
        }
    }
    outbox->control = control;
    outbox->queued = (struct outbox_part){0};
    outbox->queued_data_bytes = 0;
    const uint32_t first = outbox->control.bytes;
    for (uint32_t at = first; at < first + data_bytes;) {
        const struct item item = item_at(outbox, at);
        account_add(outbox, &item);
        at += item.cost;
    }
    while (outbox->control.count > outbox->limits.control)
        outbox_drop_control(outbox);
    outbox_trim(outbox);
}
