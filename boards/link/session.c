/* Sessions: go-back-N with a small window, over streams that come and go. */
#include "session.h"

#include "session_send.h"

/*
 * A few bytes can request a whole window, or a birth. LINK_FLOOD_US limits how often, so that a flood of them costs
 * little: on a Cortex-M4 at most 40,000 instructions each, 200 times a second. Anything else takes at most 210
 * instructions for each byte that arrives, besides what the handler of a message does.
 */

static uint64_t first_backoff(const struct session *session)
{
    return (uint64_t)session->options.resend_ms * 1000;
}

static uint64_t keep_alive_us(const struct session *session)
{
    return (uint64_t)session->options.keep_alive_ms * 1000;
}

static uint32_t new_id(const struct session *session)
{
    const uint32_t id = session->io.session_id(session->io.context);
    return id != 0 ? id : 1;
}

/* --- The life of a session --- */

void session_init(struct session *session, const struct session_options *options, const struct session_events *events,
                  const struct link_io *io, struct outbox *outbox, uint8_t *buffer)
{
    *session = (struct session){.options = *options, .events = *events, .io = *io, .outbox = outbox};
    if (options->window < 1)
        session->options.window = 1;
    if (options->window > LINK_MAX_WINDOW)
        session->options.window = LINK_MAX_WINDOW;
    if (options->queue_limit < 1)
        session->options.queue_limit = 1;
    if (options->max_bytes > LINK_MAX_MESSAGE_BYTES)
        session->options.max_bytes = LINK_MAX_MESSAGE_BYTES;
    frame_decoder_init(&session->decoder, buffer, LINK_RECEIVE_BYTES(session->options.max_bytes));
    session->output.item = -1;
    session->peer_window = 1;
    session->peer_max_bytes = LINK_MAX_MESSAGE_BYTES;
    session->backoff_us = first_backoff(session);
    session->id = new_id(session);
}

static void start_hello(struct session *session)
{
    session->backoff_us = first_backoff(session);
    /* A zero ends what an older frame left on the line. */
    session->output.zero = true;
    session_say_hello(session);
    session_schedule(session);
}

static void go_down(struct session *session, enum link_down why)
{
    if (!session->up)
        return;
    session->up = false;
    session->in_flight = 0;
    session->ack_due = false;
    session->output.ack = false;
    session->output.nak = false;
    session->events.down(session->events.context, why);
}

void session_detach(struct session *session, enum link_down why)
{
    if (!session->attached)
        return;
    session->attached = false;
    session->resend.set = false;
    session->alive.set = false;
    session->ack_due = false;
    session->output = (struct session_output){.item = -1};
    go_down(session, why);
}

void session_attach(struct session *session)
{
    session_detach(session, LINK_DETACHED);
    session->attached = true;
    frame_reset(&session->decoder);
    session->heard_us = session_now(session);
    session->next_resend_us = 0;
    session->next_peer_us = 0;
    start_hello(session);
    link_timer_set(&session->alive, &session->io, keep_alive_us(session));
}

static void restart(struct session *session)
{
    session_abandon(session);
    session->base = 0;
    session->in_flight = 0;
    session->sent = 0;
    session->expected = 0;
    session->nak_sent = false;
    go_down(session, LINK_RESTARTED);
    session->events.peer(session->events.context);
}

/* A peer that this session has not met before. */
static void adopt(struct session *session, const struct packet *hello)
{
    session->peer = hello->session;
    session->peer_window = hello->window;
    session->peer_max_bytes = hello->max_bytes < LINK_MAX_MESSAGE_BYTES ? hello->max_bytes : LINK_MAX_MESSAGE_BYTES;
    restart(session);
}

static void renew(struct session *session)
{
    session->id = new_id(session);
    restart(session);
    start_hello(session);
}

/* Removes all messages before `next` from the queue. Returns false for a number that was never sent. */
static bool acknowledge(struct session *session, uint16_t next)
{
    const uint32_t count = (uint16_t)(next - session->base);
    if (count > session->sent)
        return false;
    if (count == 0)
        return true;
    if (session->output.item >= 0 && (uint32_t)session->output.item < count)
        session_abandon(session);
    else if (session->output.item >= 0)
        session->output.item -= (int32_t)count;
    outbox_acknowledge(session->outbox, count);
    session->base = next;
    session->in_flight = session->in_flight > count ? session->in_flight - count : 0;
    session->sent -= count;
    session->backoff_us = first_backoff(session);
    session_schedule(session);
    if (session->wants_drain && session->outbox->queued.count < session->options.queue_limit) {
        session->wants_drain = false;
        session->events.drain(session->events.context);
    }
    return true;
}

static void resend(struct session *session)
{
    session->in_flight = 0;
    session_pump(session);
}

/* --- Receiving --- */

static void on_data(struct session *session, const struct packet *data)
{
    const uint16_t ahead = (uint16_t)(data->seq - session->expected);
    struct message message;
    if (ahead >= 0x8000) {
        /* The peer sent it again because an acknowledgement was lost: acknowledge again. */
        session->counts.duplicates++;
        session->ack_due = true;
        return;
    }
    if (ahead != 0) {
        /* Something is missing: request it once. */
        if (!session->nak_sent) {
            session->counts.gaps++;
            session->nak_sent = true;
            session_say_nak(session);
        }
        return;
    }
    /*
     * These are more messages than the window, without an acknowledgement. A correct peer does not do that; limit a
     * flood.
     */
    if (session->taken >= session->options.window)
        return;
    session->taken++;
    session->expected++;
    session->nak_sent = false;
    session->ack_due = true;
    if (!message_parse(data->body.bytes, data->body.count, &message)) {
        session->counts.bad_messages++;
        return;
    }
    session->counts.received++;
    session->events.message(session->events.context, &message);
}

static void on_hello(struct session *session, const struct packet *hello)
{
    if (hello->session != session->peer) {
        /* It will repeat its hello. */
        if (session_now(session) < session->next_peer_us)
            return;
        session->next_peer_us = session_now(session) + LINK_FLOOD_US;
        adopt(session, hello);
    }
    if (hello->peer != session->id) {
        if (!hello->ready)
            session_say_hello(session);
        session_schedule(session);
        return;
    }
    if (!acknowledge(session, hello->ack) && !hello->ready) {
        /*
         * The peer knows this session but not what it received: one of the two has lost its state. Start a new session.
         */
        renew(session);
        return;
    }
    const bool was_up = session->up;
    session->up = true;
    if (!hello->ready) {
        session_say_hello(session);
        session->in_flight = 0;
    }
    if (!was_up)
        session->events.up(session->events.context);
    session_pump(session);
    session_schedule(session);
}

static void on_traffic(struct session *session, const struct packet *packet)
{
    acknowledge(session, packet->ack);
    if (packet->kind == PACKET_NAK && session_now(session) >= session->next_resend_us) {
        session->next_resend_us = session_now(session) + LINK_FLOOD_US;
        resend(session);
    }
    if (packet->kind == PACKET_DATA)
        on_data(session, packet);
    session_pump(session);
}

void session_receive(struct session *session, const uint8_t *bytes, size_t count)
{
    if (!session->attached || count == 0)
        return;
    session->heard_us = session_now(session);
    while (count > 0) {
        struct span content;
        struct packet packet;
        const size_t taken = frame_decode(&session->decoder, bytes, count, &content);
        bytes += taken;
        count -= taken;
        if (content.count == 0)
            continue;
        if (!packet_parse(content, session->options.max_bytes, &packet))
            session->counts.bad_packets++;
        else if (packet.kind == PACKET_HELLO)
            on_hello(session, &packet);
        else if (session->up)
            on_traffic(session, &packet);
    }
}

void session_received(struct session *session)
{
    session->taken = 0;
    if (session->ack_due && session->up)
        session_say_ack(session);
}

/* --- Time --- */

static void on_resend(struct session *session)
{
    const uint64_t most = first_backoff(session) * LINK_MAX_BACKOFF_FACTOR;
    session->resend.set = false;
    /* Nothing can be lost while the stream still accepts what was sent. */
    if (!session_blocked(session)) {
        session->backoff_us = session->backoff_us * 2 < most ? session->backoff_us * 2 : most;
        if (session->up)
            resend(session);
        else
            session_say_hello(session);
    }
    session_schedule(session);
}

static void on_alive(struct session *session)
{
    const uint64_t us = session_now(session);
    link_timer_set(&session->alive, &session->io, keep_alive_us(session));
    if (!session->up)
        return;
    if (us - session->heard_us >= LINK_SILENT_KEEP_ALIVES * keep_alive_us(session)) {
        go_down(session, LINK_SILENT);
        start_hello(session);
    } else if (us - session->said_us >= keep_alive_us(session)) {
        session_say_ack(session);
    }
}

const struct link_timer *session_next(const struct session *session)
{
    return link_timer_first(&session->resend, &session->alive);
}

bool session_poll(struct session *session)
{
    const struct link_timer *next = session_next(session);
    if (next == NULL || next->due_us > session_now(session))
        return false;
    if (next == &session->resend)
        on_resend(session);
    else
        on_alive(session);
    return true;
}
