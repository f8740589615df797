/* Room in the outbox. */
#include "outbox_room.h"

#include <string.h>

/* The gap closes from the side with less to move. */
void outbox_cut(struct outbox *outbox, uint32_t at, uint32_t count)
{
    const uint32_t behind = total(outbox) - at - count;
    if (at < behind) {
        memmove(place(outbox, count), place(outbox, 0), at);
        outbox->start += count;
    } else {
        memmove(place(outbox, at), place(outbox, at + count), behind);
    }
}

void outbox_account_take(struct outbox *outbox, const struct item *item)
{
    if (item->type == MESSAGE_EVENT)
        outbox->events--;
    else
        outbox->droppable_bytes -= item->cost;
    if (item->type == MESSAGE_LOG)
        outbox->logs--;
    if (item->type == MESSAGE_TELEMETRY) {
        outbox->telemetry--;
        if (outbox->older > 0)
            outbox->older--;
        outbox->values -= item->values;
    }
    part_take(&outbox->data, item->cost);
}

/*
 * Returns whether a message of this cost fits after all waiting telemetry and log lines are dropped. Data leaves the
 * reserve free.
 */
static bool could_fit(const struct outbox *outbox, uint32_t cost, bool data)
{
    const struct outbox_limits *limits = &outbox->limits;
    const uint32_t kept_data = outbox->queued_data_bytes + outbox->data.bytes - outbox->droppable_bytes;
    return total(outbox) - outbox->droppable_bytes + cost <= limits->bytes &&
           (!data || kept_data + cost <= limits->bytes - limits->reserve_bytes);
}

static bool fits(const struct outbox *outbox, uint32_t cost, bool data)
{
    const struct outbox_limits *limits = &outbox->limits;
    const uint32_t all_data = outbox->queued_data_bytes + outbox->data.bytes;
    return total(outbox) + cost <= limits->bytes &&
           (!data || all_data + cost <= limits->bytes - limits->reserve_bytes);
}

void outbox_drop_oldest(struct outbox *outbox, enum message_type type)
{
    uint32_t at = outbox->queued.bytes + outbox->control.bytes;
    struct item item = item_at(outbox, at);
    while (item.type != type) {
        at += item.cost;
        item = item_at(outbox, at);
    }
    outbox_cut(outbox, at, item.cost);
    outbox_account_take(outbox, &item);
    if (type == MESSAGE_TELEMETRY)
        outbox->dropped_telemetry++;
    else
        outbox->dropped_logs++;
}

/* Drops telemetry first, then log lines, until a message fits for which could_fit is true. */
static void make_room(struct outbox *outbox, uint32_t cost, bool data)
{
    while (!fits(outbox, cost, data))
        outbox_drop_oldest(outbox, outbox->telemetry > 0 ? MESSAGE_TELEMETRY : MESSAGE_LOG);
}

void outbox_make_room_for_data(struct outbox *outbox, uint32_t cost)
{
    make_room(outbox, cost, true);
}

bool outbox_make_room_for_control(struct outbox *outbox, uint32_t cost)
{
    while (!could_fit(outbox, cost, false)) {
        if (outbox->control.count == 0)
            return false;
        outbox_drop_control(outbox);
    }
    make_room(outbox, cost, false);
    return true;
}

void outbox_trim(struct outbox *outbox)
{
    const struct outbox_limits *limits = &outbox->limits;
    while (outbox->telemetry > limits->telemetry_frames || outbox->values > limits->telemetry_values)
        outbox_drop_oldest(outbox, MESSAGE_TELEMETRY);
    while (outbox->logs > limits->logs)
        outbox_drop_oldest(outbox, MESSAGE_LOG);
}

bool outbox_room_for_event(const struct outbox *outbox, uint32_t cost)
{
    return outbox->events < outbox->limits.events && could_fit(outbox, cost, true);
}

bool outbox_room_for_telemetry(struct outbox *outbox, const struct item *item)
{
    const struct outbox_limits *limits = &outbox->limits;
    if (limits->telemetry_frames == 0 || item->values > limits->telemetry_values ||
        !could_fit(outbox, item->cost, true)) {
        outbox->dropped_telemetry++;
        return false;
    }
    while (outbox->telemetry + 1 > limits->telemetry_frames || outbox->values + item->values > limits->telemetry_values)
        outbox_drop_oldest(outbox, MESSAGE_TELEMETRY);
    return true;
}

bool outbox_room_for_log(struct outbox *outbox, const struct item *item)
{
    if (outbox->limits.logs == 0 || !could_fit(outbox, item->cost, true)) {
        outbox->dropped_logs++;
        return false;
    }
    while (outbox->logs + 1 > outbox->limits.logs)
        outbox_drop_oldest(outbox, MESSAGE_LOG);
    return true;
}
