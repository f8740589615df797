/* Sessions: go-back-N with a small window, over streams that come and go. */
#include "session.h"

/*
 * A few bytes can request a whole window, or a birth. LINK_FLOOD_US limits how often, so that a flood of them costs
 * little: on a Cortex-M4 at most 40,000 instructions each, 200 times a second. Anything else takes at most 210
 * instructions for each byte that arrives, besides what the handler of a message does.
 */

static uint64_t now(const struct session *session)
{
    return session->io.now_us(session->io.context);
}

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

/* --- Timers --- */

void link_timer_set(struct link_timer *timer, const struct link_io *io, uint64_t delay_us)
{
    *timer = (struct link_timer){.set = true, .order = (*io->timers)++, .due_us = io->now_us(io->context) + delay_us};
}

const struct link_timer *link_timer_first(const struct link_timer *a, const struct link_timer *b)
{
    if (a == NULL || !a->set)
        return b != NULL && b->set ? b : NULL;
    if (b == NULL || !b->set)
        return a;
    if (a->due_us != b->due_us)
        return a->due_us < b->due_us ? a : b;
    /* The counter may have gone round. */
    return (int32_t)(a->order - b->order) < 0 ? a : b;
}

/* One timer: the hello again while not up, else the window again. */
static void schedule(struct session *session)
{
    session->resend.set = false;
    if (session->attached && (!session->up || session->in_flight > 0))
        link_timer_set(&session->resend, &session->io, session->backoff_us);
}

/* --- Output --- */

/* Hands over what is staged and the rest of the frame; false when the stream doesn't take all of it. */
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
    session->said_us = now(session);
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

/* Sends what is due besides data and acknowledgements; false when the stream doesn't take it all. */
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

static void say_hello(struct session *session)
{
    session->output.hello = true;
    send_due(session);
}

static void say_nak(struct session *session)
{
    session->output.nak = true;
    send_due(session);
}

static void say_ack(struct session *session)
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
        schedule(session);
}

void session_output(struct session *session)
{
    if (!send_due(session))
        return;
    session_pump(session);
    if (session->output.ack)
        say_ack(session);
}

bool session_blocked(const struct session *session)
{
    const struct session_output *output = &session->output;
    const bool sending = output->staged_bytes > output->staged_at || frame_busy(&output->frame);
    const bool due = output->zero || output->hello || output->nak || output->ack;
    return session->attached && (sending || due);
}

/* The message that a frame carries is gone: a zero ends the frame where it is, and the other end drops it. */
static void abandon(struct session *session)
{
    struct session_output *output = &session->output;
    if (output->item >= 0 && frame_busy(&output->frame)) {
        output->frame.state = 0;
        output->zero = true;
    }
    output->item = -1;
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
    /* What is left on the line of an older frame ends here. */
    session->output.zero = true;
    say_hello(session);
    schedule(session);
}

static void rewind_queue(struct session *session)
{
    session->in_flight = 0;
}

static void go_down(struct session *session, enum link_down why)
{
    if (!session->up)
        return;
    session->up = false;
    rewind_queue(session);
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
    session->heard_us = now(session);
    session->next_resend_us = 0;
    session->next_peer_us = 0;
    start_hello(session);
    link_timer_set(&session->alive, &session->io, keep_alive_us(session));
}

static void restart(struct session *session)
{
    abandon(session);
    session->base = 0;
    session->in_flight = 0;
    session->sent = 0;
    session->expected = 0;
    session->nak_sent = false;
    go_down(session, LINK_RESTARTED);
    session->events.peer(session->events.context);
}

/* A peer that this session never spoke with. */
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

/* --- Sending --- */

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

/* Takes all before `next` off the queue; false for a number that was never sent. */
static bool acknowledge(struct session *session, uint16_t next)
{
    const uint32_t count = (uint16_t)(next - session->base);
    if (count > session->sent)
        return false;
    if (count == 0)
        return true;
    if (session->output.item >= 0 && (uint32_t)session->output.item < count)
        abandon(session);
    else if (session->output.item >= 0)
        session->output.item -= (int32_t)count;
    outbox_acknowledge(session->outbox, count);
    session->base = next;
    session->in_flight = session->in_flight > count ? session->in_flight - count : 0;
    session->sent -= count;
    session->backoff_us = first_backoff(session);
    schedule(session);
    if (session->wants_drain && session->outbox->queued.count < session->options.queue_limit) {
        session->wants_drain = false;
        session->events.drain(session->events.context);
    }
    return true;
}

static void resend(struct session *session)
{
    rewind_queue(session);
    session_pump(session);
}

/* --- Receiving --- */

static void on_data(struct session *session, const struct packet *data)
{
    const uint16_t ahead = (uint16_t)(data->seq - session->expected);
    struct message message;
    if (ahead >= 0x8000) {
        /* Sent again because an acknowledgement was lost, so say it again. */
        session->counts.duplicates++;
        session->ack_due = true;
        return;
    }
    if (ahead != 0) {
        /* Something is missing, ask for it once. */
        if (!session->nak_sent) {
            session->counts.gaps++;
            session->nak_sent = true;
            say_nak(session);
        }
        return;
    }
    /* More than the window without having heard of any: not what a peer does, and a flood must end somewhere. */
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
        /* It says so again. */
        if (now(session) < session->next_peer_us)
            return;
        session->next_peer_us = now(session) + LINK_FLOOD_US;
        adopt(session, hello);
    }
    if (hello->peer != session->id) {
        if (!hello->ready)
            say_hello(session);
        schedule(session);
        return;
    }
    if (!acknowledge(session, hello->ack) && !hello->ready) {
        /* It remembers this session but not what it got: one of the two lost its state. Start as a stranger. */
        renew(session);
        return;
    }
    const bool was_up = session->up;
    session->up = true;
    if (!hello->ready) {
        say_hello(session);
        rewind_queue(session);
    }
    if (!was_up)
        session->events.up(session->events.context);
    session_pump(session);
    schedule(session);
}

static void on_traffic(struct session *session, const struct packet *packet)
{
    acknowledge(session, packet->ack);
    if (packet->kind == PACKET_NAK && now(session) >= session->next_resend_us) {
        session->next_resend_us = now(session) + LINK_FLOOD_US;
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
    session->heard_us = now(session);
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
        say_ack(session);
}

/* --- Time --- */

static void on_resend(struct session *session)
{
    const uint64_t most = first_backoff(session) * LINK_MAX_BACKOFF_FACTOR;
    session->resend.set = false;
    /* While the stream still takes what was sent nothing can be lost yet. */
    if (!session_blocked(session)) {
        session->backoff_us = session->backoff_us * 2 < most ? session->backoff_us * 2 : most;
        if (session->up)
            resend(session);
        else
            say_hello(session);
    }
    schedule(session);
}

static void on_alive(struct session *session)
{
    const uint64_t us = now(session);
    link_timer_set(&session->alive, &session->io, keep_alive_us(session));
    if (!session->up)
        return;
    if (us - session->heard_us >= LINK_SILENT_KEEP_ALIVES * keep_alive_us(session)) {
        go_down(session, LINK_SILENT);
        start_hello(session);
    } else if (us - session->said_us >= keep_alive_us(session)) {
        say_ack(session);
    }
}

const struct link_timer *session_next(const struct session *session)
{
    return link_timer_first(&session->resend, &session->alive);
}

bool session_poll(struct session *session)
{
    const struct link_timer *next = session_next(session);
    if (next == NULL || next->due_us > now(session))
        return false;
    if (next == &session->resend)
        on_resend(session);
    else
        on_alive(session);
    return true;
}
