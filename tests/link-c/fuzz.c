/*
 * Fuzzing of the C link with libFuzzer: the first byte of the input selects a parser (fuzz_parsers.c), or a session
 * whose steps are the rest of the input. Built and run by scripts/fuzz-link.mjs. `must` asserts what has to hold besides
 * the checks of the sanitizers.
 */
#include <string.h>

#include "fuzz.h"
#include "link/uplink.h"

/* --- The input --- */

static const uint8_t *input;
static size_t left;

uint8_t fuzz_u8(void)
{
    if (left == 0)
        return 0;
    left--;
    return *input++;
}

struct span fuzz_take(size_t count)
{
    const struct span span = {.bytes = input, .count = (uint32_t)(count < left ? count : left)};
    input += span.count;
    left -= span.count;
    return span;
}

size_t fuzz_left(void)
{
    return left;
}

/* --- A session --- */

#define MAX_BYTES 1280
#define STORE_BYTES 6000

static struct uplink uplink;
static uint8_t *store;
static uint8_t *receive;
static uint64_t clock_us;
static uint32_t timers;
static uint32_t ids;
static uint32_t sink;
static bool limited;
static uint8_t sha256[MESSAGE_SHA256_BYTES];
/* Reads what the link writes, as its peer would. */
static struct frame_decoder peer;
static uint8_t peer_buffer[LINK_RECEIVE_BYTES(LINK_MAX_MESSAGE_BYTES)];

static uint64_t now_us(void *context)
{
    (void)context;
    return clock_us;
}

static uint32_t session_id(void *context)
{
    (void)context;
    return ids++;
}

static size_t write_link(void *context, const uint8_t *bytes, size_t count)
{
    (void)context;
    const size_t taken = !limited || count < sink ? count : sink;
    sink -= limited ? (uint32_t)taken : 0;
    for (size_t at = 0; at < taken;) {
        struct span content;
        struct packet packet;
        at += frame_decode(&peer, bytes + at, taken - at, &content);
        if (content.count > 0)
            must(packet_parse(content, LINK_MAX_MESSAGE_BYTES, &packet));
    }
    return taken;
}

static struct span text(const char *string)
{
    return (struct span){.bytes = (const uint8_t *)string, .count = (uint32_t)strlen(string)};
}

static struct message_metric metric(void *context, uint32_t index)
{
    (void)context;
    return (struct message_metric){.name = text("rms"), .unit = text("m/s2"), .exponent = (int8_t)(index % 19)};
}

static struct span command(void *context, uint32_t index)
{
    (void)context;
    (void)index;
    return text("blink");
}

static void birth(void *context, struct message_birth *out)
{
    (void)context;
    *out = (struct message_birth){.node = text("node"),
                                  .firmware_name = text("fuzz"),
                                  .firmware_version = text("1"),
                                  .has_module = ids % 2 == 0,
                                  .module = {.name = text("app"), .version = text(""), .sha256 = sha256},
                                  .metric_count = ids % 5,
                                  .command_count = ids % 3,
                                  .metric = metric,
                                  .command = command};
}

static struct message_ota status(uint8_t bits)
{
    static const struct reason why = {
        .number = REASON_OTA_GAP, .during = DURING_STEP, .count = 2, .numbers = {1, INT64_C(1) << 40}};
    return (struct message_ota){.state = bits & 7,
                                .sha256 = sha256,
                                .received = bits,
                                .total = 255,
                                .has_swap = (bits & 8) != 0,
                                .swap_us = UINT64_C(1) << (bits & 63),
                                .has_lost = (bits & 16) != 0,
                                .lost = bits,
                                .reason = (bits & 32) != 0 ? &why : NULL};
}

static bool failure(void *context, struct message_ota *out)
{
    (void)context;
    *out = status((uint8_t)ids);
    return ids % 3 == 0;
}

static void on_message(void *context, const struct message *message)
{
    (void)context;
    if (message->type == MESSAGE_COMMAND) {
        struct reason why;
        refuse(&why, REASON_NO_COMMAND);
        reason_text(&why, message->as.command.name);
        const struct message_result result = {.id = message->as.command.id, .ok = false, .reason = &why};
        uplink_control_result(&uplink, &result);
    }
    if (message->type == MESSAGE_OFFER)
        uplink_control_birth(&uplink);
}

static void on_change(void *context, bool up, enum link_down why)
{
    (void)context;
    (void)why;
    must(uplink_up(&uplink) == up);
}

static void start(void)
{
    const uint8_t choice = fuzz_u8();
    struct uplink_options options = uplink_defaults(choice & 8 ? MAX_BYTES : 60, choice & 1 ? STORE_BYTES : 900);
    options.session.window = (uint8_t)(1 + (choice >> 1 & 15));
    options.session.queue_limit = choice & 32 ? 3 : 64;
    options.outbox.telemetry_frames = choice & 64 ? 2 : 1024;
    options.outbox.control = choice & 128 ? 2 : 64;
    options.receive_bytes = LINK_RECEIVE_BYTES(options.session.max_bytes);
    options.receive = receive = malloc(options.receive_bytes);
    options.store = store = malloc(options.store_bytes);
    options.io = (struct link_io){.now_us = now_us, .session_id = session_id, .write = write_link, .timers = &timers};
    options.callbacks =
        (struct uplink_callbacks){.birth = birth, .failure = failure, .receive = on_message, .change = on_change};
    clock_us = 0;
    timers = UINT32_MAX - 3;
    ids = 1;
    limited = false;
    frame_decoder_init(&peer, peer_buffer, sizeof peer_buffer);
    uplink_init(&uplink, &options);
    uplink_attach(&uplink);
}

static void feed(const uint8_t *bytes, size_t count, bool ends)
{
    uplink_receive(&uplink, bytes, count);
    if (ends)
        uplink_received(&uplink);
}

/* A frame with a right checksum. */
static void feed_packet(const struct packet *packet, bool ends)
{
    struct frame_encoder encoder = {0};
    uint8_t out[64];
    frame_begin(&encoder, packet_put(encoder.head, packet), packet->body);
    while (frame_busy(&encoder))
        feed(out, frame_encode(&encoder, packet->body, out, sizeof out), false);
    if (ends)
        uplink_received(&uplink);
}

static void feed_hello(uint8_t choice)
{
    const struct packet hello = {.kind = PACKET_HELLO,
                                 .ready = choice & 1,
                                 .session = 1 + (choice >> 1 & 3),
                                 .peer = choice & 8 ? 0 : uplink.session.id,
                                 .ack = (uint16_t)(uplink.session.base + (choice & 16 ? fuzz_u8() : 0)),
                                 .window = (uint8_t)(1 + (choice >> 5)),
                                 .max_bytes = choice & 32 ? 150 : 8192};
    feed_packet(&hello, true);
}

/* The answer that the node waits for. */
static void feed_time(uint8_t choice)
{
    uint8_t body[32];
    struct cbor_writer out = cbor_write(body, sizeof body);
    cbor_put_array(&out, 3);
    cbor_put_int(&out, MESSAGE_TIME);
    cbor_put_int(&out, (int64_t)uplink.utc.asked_us);
    cbor_put_int(&out, choice & 1 ? INT64_C(1790000000000) : (int64_t)choice);
    const struct packet data = {.kind = PACKET_DATA,
                                .seq = uplink.session.expected,
                                .ack = uplink.session.base,
                                .body = {.bytes = body, .count = (uint32_t)out.length}};
    feed_packet(&data, true);
}

static void say(uint8_t choice)
{
    static uint32_t seq;
    const struct span bytes = fuzz_take((size_t)fuzz_u8() * (choice & 128 ? 8 : 1));
    const struct message_telemetry telemetry = {.metric = choice & 63,
                                                .t0_us = (int64_t)clock_us,
                                                .dt_us = choice,
                                                .values = bytes.bytes,
                                                .count = bytes.count / 4,
                                                .exponent = (int8_t)(choice & 31) - 12,
                                                .seq = seq++};
    const struct message_event event = {
        .name = text("keyword"), .t_us = (int64_t)clock_us, .seq = seq, .body = bytes};
    const struct message_log log = {.level = choice & 3, .t_us = (int64_t)clock_us, .text = bytes};
    const struct message_ota ota = status(choice);
    switch (choice & 7) {
    case 0:
        if (uplink_event_room(&uplink, event.name.count, event.body.count) && event.body.count > 0 &&
            event.body.count <= ABI_MAX_EVENT && cbor_well_formed(bytes.bytes, bytes.count, CBOR_MAX_LEVELS))
            must(uplink_event(&uplink, &event));
        else
            uplink_event(&uplink, &event);
        break;
    case 1:
        uplink_log(&uplink, &log);
        break;
    case 2:
        uplink_control_ota(&uplink, &ota);
        break;
    case 3:
        if (choice & 8)
            uplink_hold(&uplink);
        else
            uplink_control_birth(&uplink);
        break;
    default:
        uplink_telemetry(&uplink, &telemetry);
    }
}

static void pass_time(uint8_t choice)
{
    static const uint32_t steps[] = {1, 1000, 400000, 7000000, 31000000, 610000000};
    const uint64_t until = clock_us + steps[choice % 40 == 39 ? 5 : choice % 5];
    uint64_t due_us;
    uint32_t order;
    while (uplink_next(&uplink, &due_us, &order) && due_us <= until) {
        clock_us = due_us > clock_us ? due_us : clock_us;
        must(uplink_poll(&uplink));
    }
    clock_us = until;
}

/* The outbox's books are in order. */
static void audit(void)
{
    const struct outbox *outbox = &uplink.outbox;
    const struct session *session = &uplink.session;
    const uint32_t bytes = outbox->queued.bytes + outbox->control.bytes + outbox->data.bytes;
    uint32_t at = outbox->start;
    uint32_t telemetry = 0, events = 0, logs = 0, values = 0, queued_data = 0, droppable = 0;
    must(at + bytes <= outbox->size && bytes <= outbox->limits.bytes);
    for (uint32_t i = 0; i < outbox->queued.count + outbox->control.count + outbox->data.count; i++) {
        const uint8_t *head = outbox->memory + at;
        if (i == outbox->queued.count)
            must(at == outbox->start + outbox->queued.bytes);
        if (i >= outbox->queued.count + outbox->control.count) {
            telemetry += head[6] == MESSAGE_TELEMETRY;
            events += head[6] == MESSAGE_EVENT;
            logs += head[6] == MESSAGE_LOG;
            values += get_u16(head + 4);
        }
        const bool drops = head[6] == MESSAGE_TELEMETRY || head[6] == MESSAGE_LOG;
        if (i < outbox->queued.count)
            queued_data += drops || head[6] == MESSAGE_EVENT ? get_u16(head) : 0;
        else
            droppable += drops ? get_u16(head) : 0;
        /* What is in the queue has its UTC. */
        must(i >= outbox->queued.count || head[7] == 0);
        at += get_u16(head);
    }
    must(at == outbox->start + bytes);
    must(telemetry == outbox->telemetry && values == outbox->values);
    must(events == outbox->events && logs == outbox->logs);
    must(outbox->older <= outbox->telemetry);
    must(queued_data == outbox->queued_data_bytes && droppable == outbox->droppable_bytes);
    must(session->in_flight <= outbox->queued.count && session->sent <= outbox->queued.count);
    must(session->in_flight <= session->options.window && outbox->queued.count <= session->options.queue_limit);
    must(limited || !uplink_blocked(&uplink));
    int64_t utc_ms;
    must(uplink_utc_ms(&uplink, clock_us, &utc_ms) == uplink.utc.known);
    must(limited || peer.errors == 0);
}

static void fuzz_session(void)
{
    start();
    while (left > 0) {
        const uint8_t step = fuzz_u8();
        const bool ends = (step & 128) == 0;
        switch (step & 15) {
        case 0:
            feed_hello(fuzz_u8());
            break;
        case 1: {
            const struct packet ack = {.kind = step & 64 ? PACKET_NAK : PACKET_ACK,
                                       .ack = (uint16_t)(uplink.session.base + fuzz_u8() % 18)};
            feed_packet(&ack, ends);
            break;
        }
        case 2:
            feed_time(fuzz_u8());
            break;
        case 3: {
            const struct span raw = fuzz_take(fuzz_u8());
            feed(raw.bytes, raw.count, ends);
            break;
        }
        case 4: {
            const struct span content = fuzz_take(fuzz_u8());
            struct packet packet;
            if (packet_parse(content, MAX_BYTES, &packet))
                feed_packet(&packet, ends);
            break;
        }
        case 5:
            pass_time(fuzz_u8());
            break;
        case 6:
            if (step & 64)
                uplink_detach(&uplink, LINK_CLOSED);
            else
                uplink_attach(&uplink);
            /* A new stream begins anew for the peer as well. */
            frame_reset(&peer);
            break;
        case 7:
            limited = true;
            sink = (uint32_t)fuzz_u8() * (step & 64 ? 16 : 1);
            uplink_output(&uplink);
            break;
        case 8:
        case 9:
        case 10:
            say(fuzz_u8());
            break;
        default: {
            const uint8_t count = fuzz_u8();
            const struct packet data = {.kind = PACKET_DATA,
                                        .seq = (uint16_t)(uplink.session.expected + (step & 64 ? fuzz_u8() - 3 : 0)),
                                        .ack = (uint16_t)(uplink.session.base + (step >> 4 & 3)),
                                        .body = fuzz_take(count)};
            if (data.body.count > 0)
                feed_packet(&data, ends);
        }
        }
        audit();
    }
    free(store);
    free(receive);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static void (*const targets[])(void) = {fuzz_frames,  fuzz_stuffing, fuzz_packet,
                                            fuzz_message, fuzz_cbor,     fuzz_session};
    input = bytes;
    left = count;
    targets[fuzz_u8() % 6]();
    return 0;
}
