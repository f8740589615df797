/*
 * The node's side of its link: bytes in, bytes out, who it is, what waits to be sent, what time it is. The same as
 * host/device/node/uplink.ts over host/device/link/session.ts, to the byte. Nothing is allocated; callbacks come from inside the
 * functions here and may call `uplink_control_...`, `uplink_telemetry`, `uplink_event` and `uplink_log`, but not
 * `uplink_attach`, `uplink_detach`, `uplink_receive` or `uplink_poll`.
 */
#ifndef MOTE_UPLINK_H
#define MOTE_UPLINK_H

#include "base/utc.h"
#include "session.h"

struct uplink_callbacks {
    /*
     * Who the node is now. What it points to must live until the callback's caller has written it: the next callback.
     */
    void (*birth)(void *context, struct message_birth *birth);
    /* Of a trial that failed, told to each new peer; false without one. */
    bool (*failure)(void *context, struct message_ota *status);
    /* A command, config, offer or chunk, exactly once and in order; it is acknowledged after this returns. */
    void (*receive)(void *context, const struct message *message);
    void (*change)(void *context, bool up, enum link_down why);
    void *context;
};

struct uplink_options {
    struct session_options session;
    struct outbox_limits outbox;
    /* What un-acknowledged and waiting messages lie in, up to 65,535 bytes. */
    uint8_t *store;
    uint32_t store_bytes;
    /* Where a frame is put together: LINK_RECEIVE_BYTES(session.max_bytes). */
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

/*
 * What docs/LIMITS.md says of boards with so much memory; `store`, `receive`, `io` and `callbacks` are to be filled
 * in.
 */
struct uplink_options uplink_defaults(uint16_t max_bytes, uint32_t store_bytes);

void uplink_init(struct uplink *uplink, const struct uplink_options *options);

/* Goes on over a new stream: at a start, when a connection was made. The one before, if any, is forgotten. */
void uplink_attach(struct uplink *uplink);

/* The stream is gone. */
void uplink_detach(struct uplink *uplink, enum link_down why);

/*
 * Bytes that came. `uplink_receive` may be called several times for the parts of one read; `uplink_received` ends it,
 * and then the acknowledgement leaves. At most `window` messages are taken in one read: a peer that keeps to its
 * window never sends more.
 */
void uplink_receive(struct uplink *uplink, const uint8_t *bytes, size_t count);
void uplink_received(struct uplink *uplink);

/* The stream takes bytes again: goes on with what it didn't take. */
void uplink_output(struct uplink *uplink);
/* Bytes wait for the stream. */
bool uplink_blocked(const struct uplink *uplink);

/* The next thing to do: its time, and its number among the timers. False: nothing. */
bool uplink_next(const struct uplink *uplink, uint64_t *due_us, uint32_t *order);
/* Does it when it is due; one at a time. True when there was something. */
bool uplink_poll(struct uplink *uplink);

bool uplink_up(const struct uplink *uplink);

/* UTC milliseconds of a time of the node's clock; false while it is not known. */
bool uplink_utc_ms(const struct uplink *uplink, uint64_t us, int64_t *utc_ms);

/* From here on to the next birth nothing is sent: a module declares the metrics that it tells. */
void uplink_hold(struct uplink *uplink);

/*
 * Answers and statuses go before data, and without knowing UTC. False: out of its limits, or no room (then it is
 * lost).
 */
bool uplink_control_birth(struct uplink *uplink);
bool uplink_control_ota(struct uplink *uplink, const struct message_ota *status);
bool uplink_control_result(struct uplink *uplink, const struct message_result *result);

/* False: out of its limits, or there was no room: then it was counted. Times are of the node's clock. */
bool uplink_telemetry(struct uplink *uplink, const struct message_telemetry *telemetry);
bool uplink_event(struct uplink *uplink, const struct message_event *event);
bool uplink_log(struct uplink *uplink, const struct message_log *log);

/* Whether an event with a name and a body of so many bytes would be taken. */
bool uplink_event_room(const struct uplink *uplink, uint32_t name_bytes, uint32_t body_bytes);

#endif
