/* The driver's words, and its commands for CBOR, frames and messages. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "driver.h"
#include "link/session.h"

_Noreturn void fail(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

/* --- Words of a line --- */

char *word(void)
{
    char *next = strtok(NULL, " \n");
    if (next == NULL)
        fail("a word is missing");
    return next;
}

uint64_t number(void)
{
    return strtoull(word(), NULL, 10);
}

int64_t integer(void)
{
    return strtoll(word(), NULL, 10);
}

static unsigned digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c < 'a' || c > 'f')
        fail("no hexadecimal digit");
    return (unsigned)(c - 'a') + 10;
}

struct span bytes(void)
{
    const char *digits = word();
    const size_t count = digits[0] == '-' ? 0 : strlen(digits) / 2;
    uint8_t *copy = malloc(count > 0 ? count : 1);
    if (copy == NULL)
        fail("no memory");
    for (size_t i = 0; i < count; i++)
        copy[i] = (uint8_t)(digit(digits[2 * i]) << 4 | digit(digits[2 * i + 1]));
    return (struct span){.bytes = copy, .count = (uint32_t)count};
}

void release(struct span span)
{
    free((void *)(uintptr_t)span.bytes);
}

void put_hex(const uint8_t *at, size_t count)
{
    if (count == 0)
        putchar('-');
    for (size_t i = 0; i < count; i++) {
        putchar("0123456789abcdef"[at[i] >> 4]);
        putchar("0123456789abcdef"[at[i] & 15]);
    }
}

void put_message(const struct message *message)
{
    switch (message->type) {
    case MESSAGE_TIME:
        printf("time %" PRIu64 " %" PRIu64, message->as.time.sent_us, message->as.time.utc_ms);
        break;
    case MESSAGE_COMMAND:
        printf("command %" PRIu32 " ", message->as.command.id);
        put_hex(message->as.command.name.bytes, message->as.command.name.count);
        putchar(' ');
        put_hex(message->as.command.body.bytes, message->as.command.body.count);
        break;
    case MESSAGE_CONFIG: {
        struct message_config config = message->as.config;
        struct span name;
        int32_t value;
        printf("config");
        while (message_setting(&config, &name, &value)) {
            putchar(' ');
            put_hex(name.bytes, name.count);
            printf("=%" PRId32, value);
        }
        break;
    }
    case MESSAGE_OFFER:
        printf("offer ");
        put_hex(message->as.offer.sha256, MESSAGE_SHA256_BYTES);
        printf(" %" PRIu32 " %" PRIu32, message->as.offer.sequence, message->as.offer.total);
        break;
    default:
        printf("chunk ");
        put_hex(message->as.chunk.transfer, MESSAGE_TRANSFER_BYTES);
        printf(" %" PRIu32 " ", message->as.chunk.offset);
        put_hex(message->as.chunk.bytes.bytes, message->as.chunk.bytes.count);
    }
}

/* --- Codec --- */

static void parse(void)
{
    struct message message;
    const struct span body = bytes();
    if (message_parse(body.bytes, body.count, &message))
        put_message(&message);
    else
        printf("none");
    release(body);
}

static void well_formed(void)
{
    const struct span item = bytes();
    printf("%d", cbor_well_formed(item.bytes, item.count, CBOR_MAX_LEVELS));
    release(item);
}

static void is_text(void)
{
    const struct span text = bytes();
    printf("%d", wire_text(text.bytes, text.count));
    release(text);
}

static void value(void)
{
    const struct span item = bytes();
    struct cbor_reader reader = cbor_read(item.bytes, item.count);
    cbor_value(&reader);
    printf("%d", cbor_end(&reader));
    release(item);
}

/* A stream, decoded in pieces of so many bytes. */
static void frames(void)
{
    const uint32_t max_bytes = (uint32_t)number();
    const size_t piece = (size_t)number();
    const struct span stream = bytes();
    const uint32_t size = LINK_RECEIVE_BYTES(max_bytes);
    uint8_t *buffer = malloc(size);
    struct frame_decoder decoder;
    frame_decoder_init(&decoder, buffer, size);
    for (uint32_t at = 0; at < stream.count;) {
        struct span content;
        const size_t left = stream.count - at;
        at += (uint32_t)frame_decode(&decoder, stream.bytes + at, left < piece ? left : piece, &content);
        if (content.count > 0) {
            put_hex(content.bytes, content.count);
            putchar(' ');
        }
    }
    printf("%" PRIu32, decoder.errors);
    free(buffer);
    release(stream);
}

static void frame(void)
{
    const struct span content = bytes();
    const size_t piece = (size_t)number();
    struct frame_encoder encoder;
    uint8_t out[300];
    const uint8_t head = (uint8_t)(content.count < LINK_HELLO_BYTES ? content.count : LINK_HELLO_BYTES);
    memcpy(encoder.head, content.bytes, head);
    const struct span body = {.bytes = content.bytes + head, .count = content.count - head};
    frame_begin(&encoder, head, body);
    while (frame_busy(&encoder))
        put_hex(out, frame_encode(&encoder, body, out, piece));
    release(content);
}

bool run_codec(const char *name)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } commands[] = {{"parse", parse},
                    {"well-formed", well_formed},
                    {"text", is_text},
                    {"value", value},
                    {"frames", frames},
                    {"frame", frame}};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(name, commands[i].name) == 0) {
            commands[i].run();
            return true;
        }
    return false;
}
