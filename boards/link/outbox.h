/*
 * Everything that a node has said and the shim hasn't acknowledged, in one block of memory, in three parts: what the
 * session has taken (with UTC, in the order of sequence numbers), answers and statuses that wait, and data that waits.
 * So a message lies in one place from the moment in which it is said until it has arrived. While the link is down
 * telemetry drops its oldest frames and counts them, log lines drop their oldest, events are never dropped: when there
 * is no room the module is told. A metric's number means what the birth before it says: telemetry of other metrics goes
 * when a birth is said. The same as host/device/node/outbox.ts.
 */
#ifndef MOTE_OUTBOX_H
#define MOTE_OUTBOX_H

#include "base/utc.h"
#include "message.h"

/* What a message takes besides its own bytes is LINK_ITEM_BYTES; its time counts LINK_TIME_BYTES. */
#define OUTBOX_MAX_BYTES 65535

struct outbox_limits {
    /* Waiting telemetry: frames, and values of all together. The oldest go. */
    uint32_t telemetry_frames;
    uint32_t telemetry_values;
    uint32_t events;
    uint32_t logs;
    /* Waiting answers and statuses; the oldest go. */
    uint32_t control;
    /* Of everything, items' own bytes included: at most the memory given. */
    uint32_t bytes;
    /* The part of them that telemetry, events and logs leave free, so that a birth and statuses always fit. */
    uint32_t reserve_bytes;
};

struct outbox_part {
    uint32_t count;
    uint32_t bytes;
};

struct outbox {
    uint8_t *memory;
    uint32_t size;
    struct outbox_limits limits;
    /* Where the first part begins; each other one begins where the one before ends. */
    uint32_t start;
    struct outbox_part queued;
    struct outbox_part control;
    struct outbox_part data;
    /* Telemetry, events and logs among the queued. */
    uint32_t queued_data_bytes;
    /* Of the waiting data. Telemetry and logs may be dropped. */
    uint32_t droppable_bytes;
    uint32_t telemetry;
    uint32_t values;
    uint32_t events;
    uint32_t logs;
    uint32_t dropped_telemetry;
    uint32_t dropped_logs;
    /* A digest of the metrics of the birth that was said last. */
    uint32_t metrics;
    /* Nothing is sent, for metrics are declared; and how much of the waiting telemetry is older than that. */
    uint32_t older;
    bool held;
    /* The birth that was said last hasn't come into the queue. */
    bool nameless;
};

/* `size` is at most OUTBOX_MAX_BYTES; limits beyond it are cut to it. */
void outbox_init(struct outbox *outbox, uint8_t *memory, uint32_t size, const struct outbox_limits *limits);

/*
 * Puts a message to those that wait. False: it is out of its limits, or there was no room for it; dropped data was
 * counted.
 */
bool outbox_add(struct outbox *outbox, const struct message_said *said);

/* From here on to the next birth nothing is to be sent: a module declares the metrics that it tells. */
void outbox_hold(struct outbox *outbox);

/*
 * A birth is said, which is put in next: what waits, or would go out again, of telemetry of other metrics would come
 * behind it, and is dropped.
 */
void outbox_name(struct outbox *outbox, const struct message_birth *birth);

/* Drops the telemetry that waits. */
void outbox_drop_telemetry(struct outbox *outbox);

/* Whether an event with a name and a body of so many bytes would be taken. */
bool outbox_event_room(const struct outbox *outbox, uint32_t name_bytes, uint32_t body_bytes);

/* A message at the head of those that wait: what it takes on the wire and of the memory. */
struct outbox_head {
    uint32_t length;
    uint32_t cost;
};

/* The oldest waiting control or data; false when there is none. Data need UTC, which must be known. */
bool outbox_control_head(const struct outbox *outbox, struct outbox_head *head);
bool outbox_data_head(const struct outbox *outbox, const struct utc *utc, struct outbox_head *head);

/* Takes that one into the queue (data only when no control waits), or drops it. */
void outbox_queue_control(struct outbox *outbox);
void outbox_queue_data(struct outbox *outbox, const struct utc *utc);
void outbox_drop_control(struct outbox *outbox);
void outbox_drop_data(struct outbox *outbox);

/*
 * Makes room for a control message that doesn't wait (false: it is out of its limits, or there can't be any); puts it
 * into the queue.
 */
bool outbox_reserve(struct outbox *outbox, const struct message_said *said, struct outbox_head *head);
void outbox_queue_reserved(struct outbox *outbox, const struct message_said *said);

/* --- The session's queue --- */

struct span outbox_queued(const struct outbox *outbox, uint32_t index);

/* Takes the first `count` off. */
void outbox_acknowledge(struct outbox *outbox, uint32_t count);

/*
 * For a new peer: what was queued waits again, first. A birth or a question for the time, waiting or queued, has lost
 * its meaning, and with it telemetry of before the metrics changed.
 */
void outbox_restore(struct outbox *outbox);

#endif
