/* The sending half of a session. The TypeScript twin is host/device/link/send-window.ts. */
#include "session_send.h"

void session_schedule(struct session *session)
{
    session->resend.set = false;
    if (session->attached && (!session->up || session->in_flight > 0))
        link_timer_set(&session->resend, &session->io, session->backoff_us);
}

/* Passes staged bytes and the rest of the frame to the stream. Returns false if it does not take all of them. */
static bool drain(struct session *session)
{
    struct session_output *output = &session->output;
    for (;;) {
        const size_t waiting = (size_t)(output->staged_bytes - output->staged_at);
        if (waiting > 0) {
            const size_t taken =
                session->io.write(session->io.context, output->staged + output->staged_at, waiting);
            output->staged_at = (uint8_t)(output->staged_at + taken);
            if (taken < waiting)
                return false;
        }
        output->staged_at = output->staged_bytes = 0;
        if (!frame_busy(&output->frame)) {
            output->item = -1;
            return true;
        }
        const struct span body =
            output->item < 0 ? (struct span){0} : outbox_queued(session->outbox, (uint32_t)output->item);
        output->staged_bytes = (uint8_t)frame_encode(&output->frame, body, output->staged, sizeof output->staged);
    }
}

static void begin(struct session *session, const struct packet *packet)
{
    struct session_output *output = &session->output;
    session->said_us = session_now(session);
    if (packet->kind != PACKET_HELLO) {
        session->ack_due = false;
        output->ack = false;
    }
    frame_begin(&output->frame, packet_put(output->frame.head, packet), packet->body);
}

static void begin_hello(struct session *session)
{
    const struct packet hello = {
        .kind = PACKET_HELLO,
        .ready = session->up,
        .session = session->id,
        .peer = session->peer,
        .ack = session->expected,
        .window = session->options.window,
        .max_bytes = session->options.max_bytes,
    };
    begin(session, &hello);
}

/* Sends what is due except data and acknowledgements. Returns false if the stream does not take all of it. */
static bool send_due(struct session *session)
{
    struct session_output *output = &session->output;
    if (!session->attached)
        return false;
    while (drain(session)) {
        if (output->zero) {
            output->zero = false;
            output->staged[0] = 0;
            output->staged_bytes = 1;
        } else if (output->hello) {
            output->hello = false;
            begin_hello(session);
        } else if (output->nak) {
            output->nak = false;
            const struct packet nak = {.kind = PACKET_NAK, .ack = session->expected};
            begin(session, &nak);
        } else {
            return true;
        }
    }
    return false;
}

void session_say_hello(struct session *session)
{
    session->output.hello = true;
    send_due(session);
}

void session_say_nak(struct session *session)
{
    session->output.nak = true;
    send_due(session);
}

void session_say_ack(struct session *session)
{
    session->output.ack = true;
    if (!send_due(session))
        return;
    const struct packet ack = {.kind = PACKET_ACK, .ack = session->expected};
    begin(session, &ack);
    drain(session);
}

void session_pump(struct session *session)
{
    const uint32_t own = session->options.window;
    const uint32_t window = own < session->peer_window ? own : session->peer_window;
    const bool idle = session->in_flight == 0;
    while (session->up && session->in_flight < window && session->in_flight < session->outbox->queued.count &&
           send_due(session)) {
        const uint32_t index = session->in_flight++;
        if (index < session->sent) {
            session->counts.resent++;
        } else {
            session->sent++;
            session->counts.sent++;
        }
        session->output.item = (int32_t)index;
        const struct packet data = {.kind = PACKET_DATA,
                                    .seq = (uint16_t)(session->base + index),
                                    .ack = session->expected,
                                    .body = outbox_queued(session->outbox, index)};
        begin(session, &data);
        drain(session);
    }
    if (idle && session->in_flight > 0)
        session_schedule(session);
}

void session_output(struct session *session)
{
    if (!send_due(session))
        return;
    session_pump(session);
    if (session->output.ack)
        session_say_ack(session);
}

bool session_blocked(const struct session *session)
{
    const struct session_output *output = &session->output;
    const bool sending = output->staged_bytes > output->staged_at || frame_busy(&output->frame);
    const bool due = output->zero || output->hello || output->nak || output->ack;
    return session->attached && (sending || due);
}

void session_abandon(struct session *session)
{
    struct session_output *output = &session->output;
    if (output->item >= 0 && frame_busy(&output->frame)) {
        output->frame.state = 0;
        output->zero = true;
    }
    output->item = -1;
}

bool session_takes(const struct session *session, uint32_t length)
{
    return length <= session->peer_max_bytes;
}

bool session_room(struct session *session, uint32_t cost)
{
    const struct outbox_part *queued = &session->outbox->queued;
    const bool room = queued->count < session->options.queue_limit &&
                      (queued->count == 0 || queued->bytes + cost <= session->options.queue_bytes);
    if (!room)
        session->wants_drain = true;
    return room;
}
