/* Memory of the outbox: its items, and what is dropped to make room. For outbox.c only. */
#ifndef MOTE_OUTBOX_ROOM_H
#define MOTE_OUTBOX_ROOM_H

#include "outbox.h"

/* The head of a message in the outbox, LINK_ITEM_BYTES long; the message follows. */
struct item {
    /* Bytes of head and message, and of the message alone. */
    uint32_t cost;
    uint32_t length;
    /* Values of telemetry. */
    uint32_t values;
    enum message_type type;
    /* Offset in the message at which its time is inserted, 0 for none. */
    uint8_t time_at;
};

/* Offsets count from the start of the first part. */
static inline uint8_t *place(const struct outbox *outbox, uint32_t at)
{
    return outbox->memory + outbox->start + at;
}

static inline uint32_t total(const struct outbox *outbox)
{
    return outbox->queued.bytes + outbox->control.bytes + outbox->data.bytes;
}

static inline struct item item_at(const struct outbox *outbox, uint32_t at)
{
    const uint8_t *head = place(outbox, at);
    return (struct item){.cost = get_u16(head),
                         .length = get_u16(head + 2),
                         .values = get_u16(head + 4),
                         .type = (enum message_type)head[6],
                         .time_at = head[7]};
}

static inline void part_add(struct outbox_part *part, uint32_t cost)
{
    part->count++;
    part->bytes += cost;
}

static inline void part_take(struct outbox_part *part, uint32_t cost)
{
    part->count--;
    part->bytes -= cost;
}

/* Removes `count` bytes at `at`. Call it before you change the counts of the parts. */
void outbox_cut(struct outbox *outbox, uint32_t at, uint32_t count);

/* Counts an item that no longer waits among the data. */
void outbox_account_take(struct outbox *outbox, const struct item *item);

/* Drops waiting telemetry, then log lines, until a message of this cost fits. Returns false if it can not fit. */
bool outbox_make_room_for_control(struct outbox *outbox, uint32_t cost);
void outbox_make_room_for_data(struct outbox *outbox, uint32_t cost);

/* Return whether an item may be added within the limits. Telemetry and log lines drop older ones of their kind. */
bool outbox_room_for_event(const struct outbox *outbox, uint32_t cost);
bool outbox_room_for_telemetry(struct outbox *outbox, const struct item *item);
bool outbox_room_for_log(struct outbox *outbox, const struct item *item);

/* Drops the oldest waiting item of this type, of which there is at least one. */
void outbox_drop_oldest(struct outbox *outbox, enum message_type type);

/* Drops what exceeds the limits on the number of items. */
void outbox_trim(struct outbox *outbox);

#endif
