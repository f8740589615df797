/*
 * Everything that a node has to send and the shim has not acknowledged, in one block of memory with three parts:
 * messages in the queue of the session (with UTC, in the order of sequence numbers), answers and statuses that wait,
 * and data that waits. A message stays in place from the time when it is added until it has been acknowledged.
 *
 * While the link is down, the oldest telemetry frames are dropped and counted, and the oldest log lines are dropped.
 * Events are never dropped: if there is no room, the module gets an error.
 *
 * The number of a metric has the meaning that the preceding birth message gives it. When a birth message declares other
 * metrics, older telemetry is dropped.
 *
 * The TypeScript twin is host/device/node/outbox.ts.
 */
#ifndef MOTE_OUTBOX_H
#define MOTE_OUTBOX_H

#include "base/utc.h"
#include "message.h"

/* A message takes LINK_ITEM_BYTES besides its own bytes; its time counts as LINK_TIME_BYTES. */
#define OUTBOX_MAX_BYTES 65535

struct outbox_limits {
    /* Waiting telemetry: frames, and values of all of them. The oldest are dropped. */
    uint32_t telemetry_frames;
    uint32_t telemetry_values;
    uint32_t events;
    uint32_t logs;
    /* Waiting answers and statuses. The oldest are dropped. */
    uint32_t control;
    /* Bytes of everything, with the heads of items: at most the given memory. */
    uint32_t bytes;
    /* Bytes that telemetry, events and logs leave free, so that a birth message and statuses always fit. */
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
    /* Offset of the first part. Each other part follows the one before. */
    uint32_t start;
    struct outbox_part queued;
    struct outbox_part control;
    struct outbox_part data;
    /* Bytes of telemetry, events and logs in the queue. */
    uint32_t queued_data_bytes;
    /* Waiting data: bytes that may be dropped (telemetry and logs), and counts. */
    uint32_t droppable_bytes;
    uint32_t telemetry;
    uint32_t values;
    uint32_t events;
    uint32_t logs;
    uint32_t dropped_telemetry;
    uint32_t dropped_logs;
    /* Digest of the metrics of the last birth message. */
    uint32_t metrics;
    /*
     * Nothing is sent while a module declares its metrics (`held`); `older` counts waiting telemetry from before that.
     */
    uint32_t older;
    bool held;
    /* The last birth message has not entered the queue yet. */
    bool nameless;
};

/* `size` is at most OUTBOX_MAX_BYTES. Larger limits are reduced to it. */
void outbox_init(struct outbox *outbox, uint8_t *memory, uint32_t size, const struct outbox_limits *limits);

/*
 * Adds a message to those that wait. Returns false if it exceeds its limits or there is no room for it; dropped data is
 * counted.
 */
bool outbox_add(struct outbox *outbox, const struct message_said *said);

/* Stops sending until the next birth message, because a module declares its metrics. */
void outbox_hold(struct outbox *outbox);

/*
 * A birth message will be added next. Drops waiting telemetry, and telemetry that would be sent again, of metrics that
 * it does not declare.
 */
void outbox_name(struct outbox *outbox, const struct message_birth *birth);

/* Drops the waiting telemetry. */
void outbox_drop_telemetry(struct outbox *outbox);

/* Returns whether an event with a name and a body of these lengths would be accepted. */
bool outbox_event_room(const struct outbox *outbox, uint32_t name_bytes, uint32_t body_bytes);

/* The first of the waiting messages: its bytes on the wire and in memory. */
struct outbox_head {
    uint32_t length;
    uint32_t cost;
};

/*
 * Describe the oldest waiting answer or status, or the oldest data. Return false if there is none. For data, UTC must
 * be known.
 */
bool outbox_control_head(const struct outbox *outbox, struct outbox_head *head);
bool outbox_data_head(const struct outbox *outbox, const struct utc *utc, struct outbox_head *head);

/* Move it to the queue (data only if no answer or status waits), or drop it. */
void outbox_queue_control(struct outbox *outbox);
void outbox_queue_data(struct outbox *outbox, const struct utc *utc);
void outbox_drop_control(struct outbox *outbox);
void outbox_drop_data(struct outbox *outbox);

/*
 * Makes room for an answer or status that goes straight into the queue. Returns false if it exceeds its limits, or if
 * no room can be made. The second function then adds it.
 */
bool outbox_reserve(struct outbox *outbox, const struct message_said *said, struct outbox_head *head);
void outbox_queue_reserved(struct outbox *outbox, const struct message_said *said);

/* --- The session's queue --- */

struct span outbox_queued(const struct outbox *outbox, uint32_t index);

/* Removes the first `count` messages of the queue. */
void outbox_acknowledge(struct outbox *outbox, uint32_t count);

/*
 * Prepares for a new peer: queued messages wait again, before all others. Birth messages and requests for the time are
 * dropped, because they are obsolete; so is telemetry from before a change of the metrics.
 */
void outbox_restore(struct outbox *outbox);

#endif
