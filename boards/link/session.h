/*
 * The node's end of a session: it delivers every message exactly once and in order between two ends, over streams that
 * come and go (docs/spec/link.md, "Session"). The TypeScript twin is host/device/link/session.ts. A stream that does
 * not accept everything at once blocks nothing: flags record what is due, and messages are encoded from where they lie
 * when the stream accepts them.
 */
#ifndef MOTE_SESSION_H
#define MOTE_SESSION_H

#include "frame.h"
#include "io.h"
#include "outbox.h"
#include "packet.h"

enum link_down {
    LINK_CLOSED = 0,    /* the stream ended */
    LINK_SILENT = 1,    /* nothing was received for three keep-alive times; hellos go on */
    LINK_RESTARTED = 2, /* the peer has restarted */
    LINK_DETACHED = 3,  /* by the node */
};

/* Bytes of the buffer for frames with messages of up to `max_bytes`. */
#define LINK_RECEIVE_BYTES(max_bytes) ((max_bytes) + LINK_MAX_HEAD_BYTES + LINK_CRC_BYTES)

struct session_options {
    /* Data packets in flight, 1 to 64, in both directions; also the limit on messages accepted in one read. */
    uint8_t window;
    /* Messages in the queue, with those in flight, and their bytes. One message is always accepted. */
    uint32_t queue_limit;
    uint32_t queue_bytes;
    /* Longest accepted message. */
    uint16_t max_bytes;
    uint32_t resend_ms;
    uint32_t keep_alive_ms;
};

/* Callbacks; see LinkOptions in host/device/link/options.ts. */
struct session_events {
    void (*message)(void *context, const struct message *message);
    void (*peer)(void *context);
    void (*up)(void *context);
    void (*down)(void *context, enum link_down why);
    void (*drain)(void *context);
    void *context;
};

/* Counts since the start. */
struct session_counts {
    uint32_t sent;
    uint32_t received;
    uint32_t resent;
    uint32_t duplicates;
    uint32_t gaps;
    uint32_t bad_packets;
    uint32_t bad_messages;
};

/* What is due on a stream that does not accept everything at once. */
struct session_output {
    struct frame_encoder frame;
    /* Index in the queue of the message in the frame, -1 for none. */
    int32_t item;
    bool zero;
    bool hello;
    bool nak;
    bool ack;
    uint8_t staged_at;
    uint8_t staged_bytes;
    uint8_t staged[64];
};

struct session {
    struct session_options options;
    struct session_events events;
    struct link_io io;
    struct outbox *outbox;
    struct frame_decoder decoder;
    struct session_output output;
    struct session_counts counts;
    bool attached;
    bool up;
    bool wants_drain;
    bool ack_due;
    bool nak_sent;
    /* Messages accepted in the present read. */
    uint8_t taken;
    /* Until these times no window is sent again for a nak, and no new peer is accepted. */
    uint64_t next_resend_us;
    uint64_t next_peer_us;
    uint32_t id;
    uint32_t peer;
    uint8_t peer_window;
    uint16_t peer_max_bytes;
    uint16_t expected;
    /*
     * Sequence number of the first message of the queue; how many are in flight on the present stream; how many were
     * ever sent to this peer.
     */
    uint16_t base;
    uint32_t in_flight;
    uint32_t sent;
    uint64_t backoff_us;
    uint64_t heard_us;
    uint64_t said_us;
    struct link_timer resend;
    struct link_timer alive;
};

/* `buffer` has LINK_RECEIVE_BYTES(options->max_bytes). */
void session_init(struct session *session, const struct session_options *options, const struct session_events *events,
                  const struct link_io *io, struct outbox *outbox, uint8_t *buffer);

void session_attach(struct session *session);
void session_detach(struct session *session, enum link_down why);

void session_receive(struct session *session, const uint8_t *bytes, size_t count);
void session_received(struct session *session);

/* Returns the timer that is due next, or NULL if none is set. */
const struct link_timer *session_next(const struct session *session);
/* Handles one timer that is due. Returns false if none is. */
bool session_poll(struct session *session);

#endif
