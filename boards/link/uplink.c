/* The node's side of its link. The TypeScript twin is host/device/node/uplink.ts. */
#include "uplink.h"

#include "session_send.h"

static uint64_t now(const struct uplink *uplink)
{
    return uplink->session.io.now_us(uplink->session.io.context);
}

/*
 * Returns false if the link is full. A message that is too long for the peer is dropped, because it would block all
 * others.
 */
static bool send_control(struct uplink *uplink)
{
    struct outbox_head head;
    outbox_control_head(&uplink->outbox, &head);
    if (!session_takes(&uplink->session, head.length)) {
        outbox_drop_control(&uplink->outbox);
        return true;
    }
    if (!session_room(&uplink->session, head.cost))
        return false;
    outbox_queue_control(&uplink->outbox);
    session_pump(&uplink->session);
    return true;
}

static bool send_data(struct uplink *uplink)
{
    struct outbox_head head;
    outbox_data_head(&uplink->outbox, &uplink->utc, &head);
    if (!session_takes(&uplink->session, head.length)) {
        outbox_drop_data(&uplink->outbox);
        return true;
    }
    if (!session_room(&uplink->session, head.cost))
        return false;
    outbox_queue_data(&uplink->outbox, &uplink->utc);
    session_pump(&uplink->session);
    return true;
}

/* Sends a message before everything that waits. */
static bool say_first(struct uplink *uplink, const struct message_said *said)
{
    struct outbox_head head;
    if (!outbox_reserve(&uplink->outbox, said, &head) || !session_takes(&uplink->session, head.length) ||
        !session_room(&uplink->session, head.cost))
        return false;
    outbox_queue_reserved(&uplink->outbox, said);
    session_pump(&uplink->session);
    return true;
}

/* Describes the node and sends the birth message with `say` or `say_first`. */
static bool say_birth(struct uplink *uplink, bool (*how)(struct uplink *, const struct message_said *))
{
    struct message_birth birth;
    uplink->callbacks.birth(uplink->callbacks.context, &birth);
    outbox_name(&uplink->outbox, &birth);
    return how(uplink, &(struct message_said){.type = MESSAGE_BIRTH, .as.birth = &birth});
}

static void flush(struct uplink *uplink)
{
    struct outbox *outbox = &uplink->outbox;
    if (uplink->flushing || outbox->held || !uplink->session.up)
        return;
    uplink->flushing = true;
    bool room = true;
    while (room && outbox->control.count > 0)
        room = send_control(uplink);
    /* There was no room for the birth message before: try again. Without it, telemetry has no meaning. */
    if (room && outbox->nameless && !say_birth(uplink, say_first))
        outbox_drop_telemetry(outbox);
    /* Times are sent as UTC, so data waits until UTC is known. */
    while (room && uplink->utc.known && outbox->control.count == 0 && outbox->data.count > 0)
        room = send_data(uplink);
    uplink->flushing = false;
}

static bool say(struct uplink *uplink, const struct message_said *said)
{
    const bool taken = outbox_add(&uplink->outbox, said);
    flush(uplink);
    return taken;
}

static void sync(struct uplink *uplink)
{
    link_timer_set(&uplink->sync, &uplink->session.io, LINK_TIME_SYNC_MS * UINT64_C(1000));
    if (!uplink->session.up)
        return;
    const uint64_t sent_us = now(uplink);
    utc_ask(&uplink->utc, sent_us);
    say(uplink, &(struct message_said){.type = MESSAGE_TIME_REQUEST, .as.sent_us = &sent_us});
}

/* --- What the session tells --- */

static void on_message(void *context, const struct message *message)
{
    struct uplink *uplink = context;
    if (message->type != MESSAGE_TIME)
        uplink->callbacks.receive(uplink->callbacks.context, message);
    else if (utc_answer(&uplink->utc, message->as.time.sent_us, message->as.time.utc_ms, now(uplink)))
        flush(uplink);
}

static void on_peer(void *context)
{
    struct uplink *uplink = context;
    const struct uplink_callbacks *callbacks = &uplink->callbacks;
    struct message_ota failure;
    outbox_restore(&uplink->outbox);
    say_birth(uplink, say_first);
    if (callbacks->failure(callbacks->context, &failure))
        say_first(uplink, &(struct message_said){.type = MESSAGE_OTA, .as.ota = &failure});
}

static void on_up(void *context)
{
    struct uplink *uplink = context;
    uplink->callbacks.change(uplink->callbacks.context, true, LINK_CLOSED);
    sync(uplink);
    flush(uplink);
}

static void on_down(void *context, enum link_down why)
{
    struct uplink *uplink = context;
    uplink->callbacks.change(uplink->callbacks.context, false, why);
}

static void on_drain(void *context)
{
    flush(context);
}

/* --- What the node does --- */

struct uplink_options uplink_defaults(uint16_t max_bytes, uint32_t store_bytes)
{
    return (struct uplink_options){
        .session =
            {
                .window = LINK_WINDOW,
                .queue_limit = LINK_QUEUE_MESSAGES,
                .queue_bytes = store_bytes / 2,
                .max_bytes = max_bytes,
                .resend_ms = LINK_RESEND_MS,
                .keep_alive_ms = LINK_KEEP_ALIVE_MS,
            },
        .outbox =
            {
                .telemetry_frames = NODE_OUTBOX_TELEMETRY_FRAMES,
                .telemetry_values = NODE_OUTBOX_TELEMETRY_VALUES,
                .events = NODE_OUTBOX_EVENTS,
                .logs = NODE_OUTBOX_LOGS,
                .control = NODE_OUTBOX_CONTROL,
                .bytes = store_bytes,
                .reserve_bytes = store_bytes / 4,
            },
        .store_bytes = store_bytes,
    };
}

void uplink_init(struct uplink *uplink, const struct uplink_options *options)
{
    const struct session_events events = {.message = on_message,
                                          .peer = on_peer,
                                          .up = on_up,
                                          .down = on_down,
                                          .drain = on_drain,
                                          .context = uplink};
    *uplink = (struct uplink){.callbacks = options->callbacks};
    outbox_init(&uplink->outbox, options->store, options->store_bytes, &options->outbox);
    session_init(&uplink->session, &options->session, &events, &options->io, &uplink->outbox, options->receive);
}

void uplink_attach(struct uplink *uplink)
{
    session_attach(&uplink->session);
}

void uplink_detach(struct uplink *uplink, enum link_down why)
{
    session_detach(&uplink->session, why);
}

void uplink_receive(struct uplink *uplink, const uint8_t *bytes, size_t count)
{
    session_receive(&uplink->session, bytes, count);
}

void uplink_received(struct uplink *uplink)
{
    session_received(&uplink->session);
}

void uplink_output(struct uplink *uplink)
{
    session_output(&uplink->session);
}

bool uplink_blocked(const struct uplink *uplink)
{
    return session_blocked(&uplink->session);
}

static const struct link_timer *next_timer(const struct uplink *uplink)
{
    return link_timer_first(session_next(&uplink->session), &uplink->sync);
}

bool uplink_next(const struct uplink *uplink, uint64_t *due_us, uint32_t *order)
{
    const struct link_timer *next = next_timer(uplink);
    if (next == NULL)
        return false;
    *due_us = next->due_us;
    *order = next->order;
    return true;
}

bool uplink_poll(struct uplink *uplink)
{
    const struct link_timer *next = next_timer(uplink);
    if (next != &uplink->sync)
        return session_poll(&uplink->session);
    if (next->due_us > now(uplink))
        return false;
    sync(uplink);
    return true;
}

bool uplink_up(const struct uplink *uplink)
{
    return uplink->session.up;
}

bool uplink_utc_ms(const struct uplink *uplink, uint64_t us, int64_t *utc_ms)
{
    if (!uplink->utc.known)
        return false;
    *utc_ms = utc_at(&uplink->utc, us);
    return true;
}

void uplink_hold(struct uplink *uplink)
{
    outbox_hold(&uplink->outbox);
}

bool uplink_control_birth(struct uplink *uplink)
{
    return say_birth(uplink, say);
}

bool uplink_control_ota(struct uplink *uplink, const struct message_ota *status)
{
    return say(uplink, &(struct message_said){.type = MESSAGE_OTA, .as.ota = status});
}

bool uplink_control_result(struct uplink *uplink, const struct message_result *result)
{
    return say(uplink, &(struct message_said){.type = MESSAGE_RESULT, .as.result = result});
}

bool uplink_telemetry(struct uplink *uplink, const struct message_telemetry *telemetry)
{
    return say(uplink, &(struct message_said){.type = MESSAGE_TELEMETRY, .as.telemetry = telemetry});
}

bool uplink_event(struct uplink *uplink, const struct message_event *event)
{
    return say(uplink, &(struct message_said){.type = MESSAGE_EVENT, .as.event = event});
}

bool uplink_log(struct uplink *uplink, const struct message_log *log)
{
    return say(uplink, &(struct message_said){.type = MESSAGE_LOG, .as.log = log});
}

bool uplink_event_room(const struct uplink *uplink, uint32_t name_bytes, uint32_t body_bytes)
{
    return outbox_event_room(&uplink->outbox, name_bytes, body_bytes);
}
