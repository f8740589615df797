/*
 * The node's side of its link: bytes in and out, birth messages, the outbox, UTC. Nothing is allocated.
 *
 * Callbacks are called from inside the functions here. They may call `uplink_control_...`, `uplink_telemetry`,
 * `uplink_event` and `uplink_log`, but not `uplink_attach`, `uplink_detach`, `uplink_receive` or `uplink_poll`.
 */
#ifndef MOTE_UPLINK_H
#define MOTE_UPLINK_H

#include "base/utc.h"
#include "session.h"

struct uplink_callbacks {
    /* Describes the node now. What the description points to must be valid until the next callback. */
    void (*birth)(void *context, struct message_birth *birth);
    /* Returns the status of a trial that failed, which is sent to each new peer; false for none. */
    bool (*failure)(void *context, struct message_ota *status);
    /* Handles a command, config, offer or chunk, exactly once and in order. It is acknowledged after this returns. */
    void (*receive)(void *context, const struct message *message);
    void (*change)(void *context, bool up, enum link_down why);
    void *context;
};

struct uplink_options {
    struct session_options session;
    struct outbox_limits outbox;
    /* Memory for messages that wait or are not acknowledged, up to 65,535 bytes. */
    uint8_t *store;
    uint32_t store_bytes;
    /* Memory for a received frame: LINK_RECEIVE_BYTES(session.max_bytes). */
    uint8_t *receive;
    uint32_t receive_bytes;
    struct link_io io;
    struct uplink_callbacks callbacks;
};

struct uplink {
    struct session session;
    struct outbox outbox;
    struct utc utc;
    struct uplink_callbacks callbacks;
    struct link_timer sync;
    bool flushing;
};

/* Returns the options of docs/LIMITS.md for boards with this memory. Set `store`, `receive`, `io` and `callbacks`. */
struct uplink_options uplink_defaults(uint16_t max_bytes, uint32_t store_bytes);

void uplink_init(struct uplink *uplink, const struct uplink_options *options);

/* Continues on a new stream: at the start, or after a new connection. Detaches from the previous one, if any. */
void uplink_attach(struct uplink *uplink);

/* The stream has ended. */
void uplink_detach(struct uplink *uplink, enum link_down why);

/*
 * Handles received bytes. `uplink_receive` may be called several times for the parts of one read; `uplink_received`
 * ends the read and sends the acknowledgement. At most `window` messages are accepted in one read: a peer that respects
 * its window never sends more.
 */
void uplink_receive(struct uplink *uplink, const uint8_t *bytes, size_t count);
void uplink_received(struct uplink *uplink);

/* The stream accepts bytes again: sends what it did not accept. */
void uplink_output(struct uplink *uplink);
/* Returns whether bytes wait for the stream. */
bool uplink_blocked(const struct uplink *uplink);

/* Returns the time and the order of the timer that is due next. Returns false if there is none. */
bool uplink_next(const struct uplink *uplink, uint64_t *due_us, uint32_t *order);
/* Handles one timer that is due. Returns false if none is. */
bool uplink_poll(struct uplink *uplink);

bool uplink_up(const struct uplink *uplink);

/* Converts a time of the node's clock to UTC milliseconds. Returns false while UTC is not known. */
bool uplink_utc_ms(const struct uplink *uplink, uint64_t us, int64_t *utc_ms);

/* Stops sending until the next birth message, because a module declares its metrics. */
void uplink_hold(struct uplink *uplink);

/*
 * Answers and statuses are sent before data, and do not need UTC. A function returns false if the message exceeds its
 * limits or there is no room; the message is then lost.
 */
bool uplink_control_birth(struct uplink *uplink);
bool uplink_control_ota(struct uplink *uplink, const struct message_ota *status);
bool uplink_control_result(struct uplink *uplink, const struct message_result *result);

/*
 * Data. A function returns false if the message exceeds its limits or there was no room, which is counted. Times are
 * those of the node's clock.
 */
bool uplink_telemetry(struct uplink *uplink, const struct message_telemetry *telemetry);
bool uplink_event(struct uplink *uplink, const struct message_event *event);
bool uplink_log(struct uplink *uplink, const struct message_log *log);

/* Returns whether an event with a name and a body of these lengths would be accepted. */
bool uplink_event_room(const struct uplink *uplink, uint32_t name_bytes, uint32_t body_bytes);

#endif
