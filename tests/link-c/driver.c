/*
 * Runs a script on the C link, one line in and one line out, to compare it with the TypeScript link (reference.ts).
 * Bytes are hexadecimal, `-` for none. A line for a session begins with a time: timers that are due until then run first.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "link/uplink.h"

#define LINE_BYTES (1u << 20)
#define MAX_BYTES 8192
#define NONE UINT32_MAX

/* --- A node's end --- */

static struct uplink uplink;
static uint64_t clock_us;
static uint32_t session_id;
static uint32_t timers;
static uint8_t *store;
static uint8_t *receive;
static uint8_t sha256[MESSAGE_SHA256_BYTES];
static uint32_t metrics;
static bool failed;
/* Bytes that the stream still takes; NONE: all. */
static uint32_t sink = NONE;

static struct span text(const char *string)
{
    return (struct span){.bytes = (const uint8_t *)string, .count = (uint32_t)strlen(string)};
}

static uint64_t now_us(void *context)
{
    (void)context;
    return clock_us;
}

static uint32_t next_session(void *context)
{
    (void)context;
    return session_id++;
}

static size_t write_link(void *context, const uint8_t *at, size_t count)
{
    (void)context;
    const size_t taken = sink == NONE || count < sink ? count : sink;
    if (taken > 0)
        put_hex(at, taken);
    if (sink != NONE)
        sink -= (uint32_t)taken;
    return taken;
}

static struct message_metric metric(void *context, uint32_t index)
{
    (void)context;
    static const char *const units[] = {"", "Cel", "m/s2"};
    return (struct message_metric){.name = text("metric"), .unit = text(units[index % 3]), .exponent = (int8_t)-index};
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
    *out = (struct message_birth){
        .node = text("node"),
        .boot = 1,
        .firmware_name = text("test"),
        .firmware_version = text("1.0.0"),
        .has_module = metrics > 0,
        .module = {.name = text("app"),
                   .version = text("2.0.0"),
                   .sequence = 3,
                   .sha256 = sha256,
                   .slot = 1,
                   .state = 4},
        .metric_count = metrics,
        .command_count = metrics > 0 ? 1 : 0,
        .metric = metric,
        .command = command,
    };
}

static struct message_ota status(uint8_t state, uint32_t received)
{
    return (struct message_ota){.state = state, .sequence = 6, .sha256 = sha256, .received = received, .total = 100000};
}

static bool failure(void *context, struct message_ota *out)
{
    (void)context;
    *out = status(5, 100000);
    static const struct reason why = {
        .number = REASON_TRAP_STACK, .during = DURING_STEP, .text_bytes = 5, .text = "stack"};
    out->reason = &why;
    return failed;
}

static bool say_event(uint32_t seq, struct span name, struct span body)
{
    if (!uplink_event_room(&uplink, name.count, body.count))
        return false;
    const struct message_event event = {.name = name, .t_us = (int64_t)clock_us, .seq = seq, .body = body};
    return uplink_event(&uplink, &event);
}

/* What a node does with a message, in short. */
static void on_message(void *context, const struct message *message)
{
    (void)context;
    static const uint8_t one = 1;
    putchar('[');
    put_message(message);
    putchar(']');
    if (message->type == MESSAGE_COMMAND) {
        const struct message_command *asked = &message->as.command;
        struct reason why;
        refuse(&why, REASON_NO_COMMAND);
        reason_text(&why, asked->name);
        const struct message_result result = {.id = asked->id, .ok = false, .reason = &why};
        if (message->as.command.id % 5 == 0)
            say_event(message->as.command.id, text("answer"), (struct span){.bytes = &one, .count = 1});
        uplink_control_result(&uplink, &result);
    } else if (message->type == MESSAGE_CHUNK) {
        const struct message_ota receiving = status(0, message->as.chunk.offset);
        uplink_control_ota(&uplink, &receiving);
    } else if (message->type == MESSAGE_OFFER) {
        uplink_control_birth(&uplink);
    }
}

static void on_change(void *context, bool up, enum link_down why)
{
    (void)context;
    static const char *const reasons[] = {"closed", "silent", "restarted", "detached"};
    printf("[%s]", up ? "up" : reasons[why]);
}

/* session window queue-limit queue-bytes max-bytes frames values events logs control bytes reserve */
static void start(void)
{
    session_id = (uint32_t)number();
    struct uplink_options options = uplink_defaults(MAX_BYTES, OUTBOX_MAX_BYTES);
    options.session.window = (uint8_t)number();
    options.session.queue_limit = (uint32_t)number();
    options.session.queue_bytes = (uint32_t)number();
    options.session.max_bytes = (uint16_t)number();
    options.outbox.telemetry_frames = (uint32_t)number();
    options.outbox.telemetry_values = (uint32_t)number();
    options.outbox.events = (uint32_t)number();
    options.outbox.logs = (uint32_t)number();
    options.outbox.control = (uint32_t)number();
    options.outbox.bytes = (uint32_t)number();
    options.outbox.reserve_bytes = (uint32_t)number();
    free(store);
    free(receive);
    /* As much as may be used and no more, so that a byte too far is seen. */
    options.store_bytes = options.outbox.bytes;
    options.store = store = malloc(options.store_bytes);
    options.receive_bytes = LINK_RECEIVE_BYTES(options.session.max_bytes);
    options.receive = receive = malloc(options.receive_bytes);
    options.io = (struct link_io){.now_us = now_us, .session_id = next_session, .write = write_link, .timers = &timers};
    options.callbacks =
        (struct uplink_callbacks){.birth = birth, .failure = failure, .receive = on_message, .change = on_change};
    metrics = 0;
    failed = false;
    uplink_init(&uplink, &options);
}

static void stats(void)
{
    const struct session_counts *counts = &uplink.session.counts;
    const struct outbox *outbox = &uplink.outbox;
    const uint32_t numbers[] = {
        counts->sent,         counts->received,     counts->resent,           counts->duplicates,
        counts->gaps,         uplink.session.decoder.errors, counts->bad_packets, counts->bad_messages,
        outbox->queued.count, outbox->data.count,   outbox->dropped_telemetry, outbox->dropped_logs,
    };
    printf("%d", uplink_up(&uplink));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        printf(" %" PRIu32, numbers[i]);
}

static void telemetry(void)
{
    struct message_telemetry frame = {.metric = (uint8_t)number()};
    frame.t0_us = integer();
    frame.dt_us = (uint32_t)number();
    frame.exponent = (int8_t)integer();
    frame.quality = (uint8_t)number();
    frame.seq = (uint32_t)number();
    const struct span values = bytes();
    frame.values = values.bytes;
    frame.count = values.count / 4;
    uplink_telemetry(&uplink, &frame);
    release(values);
}

static void event(void)
{
    const uint32_t seq = (uint32_t)number();
    const struct span name = bytes();
    const struct span body = bytes();
    printf("%d", say_event(seq, name, body));
    release(name);
    release(body);
}

static void log_line(void)
{
    struct message_log log = {.level = (uint8_t)number(), .t_us = (int64_t)clock_us};
    log.text = bytes();
    uplink_log(&uplink, &log);
    release(log.text);
}

static void ota(void)
{
    const uint8_t state = (uint8_t)number();
    struct message_ota told = status(state, (uint32_t)number());
    const int64_t swap = integer();
    told.has_swap = told.has_lost = swap >= 0;
    told.swap_us = swap >= 0 ? (uint64_t)swap : 0;
    told.lost = (uint32_t)told.swap_us;
    uplink_control_ota(&uplink, &told);
}

static void in(void)
{
    const struct span read = bytes();
    uplink_receive(&uplink, read.bytes, read.count);
    uplink_received(&uplink);
    release(read);
}

/* Lets the stream take so many more bytes. */
static void drain(void)
{
    sink = (uint32_t)number();
    uplink_output(&uplink);
}

static void at_time(uint64_t us)
{
    uint64_t due_us;
    uint32_t order;
    while (uplink_next(&uplink, &due_us, &order) && due_us <= us) {
        clock_us = due_us;
        if (!uplink_poll(&uplink))
            fail("a timer that is due does nothing");
    }
    clock_us = us;
}

static void run(char *first)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } commands[] = {{"start", start}, {"stats", stats}, {"telemetry", telemetry}, {"event", event}, {"log", log_line},
                    {"ota", ota},     {"in", in},       {"drain", drain}};
    if (run_codec(first))
        return;
    const char *name = word();
    if (strcmp(name, "start") != 0)
        at_time(strtoull(first, NULL, 10));
    else
        clock_us = strtoull(first, NULL, 10);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(name, commands[i].name) == 0) {
            commands[i].run();
            return;
        }
    if (strcmp(name, "attach") == 0)
        uplink_attach(&uplink);
    else if (strcmp(name, "closed") == 0)
        uplink_detach(&uplink, LINK_CLOSED);
    else if (strcmp(name, "detach") == 0)
        uplink_detach(&uplink, LINK_DETACHED);
    else if (strcmp(name, "hold") == 0)
        uplink_hold(&uplink);
    else if (strcmp(name, "birth") == 0)
        uplink_control_birth(&uplink);
    else if (strcmp(name, "metrics") == 0)
        metrics = (uint32_t)number();
    else if (strcmp(name, "failed") == 0)
        failed = number() != 0;
    else if (strcmp(name, "wait") != 0)
        fail(name);
}

int main(void)
{
    for (unsigned i = 0; i < sizeof sha256; i++)
        sha256[i] = (uint8_t)i;
    char *line = malloc(LINE_BYTES);
    if (line == NULL)
        return 1;
    while (fgets(line, LINE_BYTES, stdin) != NULL) {
        char *first = strtok(line, " \n");
        if (first == NULL)
            continue;
        run(first);
        putchar('\n');
        fflush(stdout);
    }
    free(line);
    free(store);
    free(receive);
    return 0;
}
