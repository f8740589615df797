/* Fuzz targets: the parsers of the link and of CBOR. */
#include <string.h>

#include "fuzz.h"
#include "link/frame.h"
#include "link/packet.h"

void fuzz_frames(void)
{
    /* As long as may be used and no longer, so that a byte too far is seen. */
    const uint32_t size = fuzz_u8() % 64 + 1u;
    uint8_t *buffer = malloc(size);
    struct frame_decoder decoder;
    frame_decoder_init(&decoder, buffer, size);
    while (fuzz_left() > 0) {
        struct span content;
        const struct span piece = fuzz_take((size_t)fuzz_u8() + 1);
        for (uint32_t at = 0; at < piece.count;)
            at += (uint32_t)frame_decode(&decoder, piece.bytes + at, piece.count - at, &content);
    }
    free(buffer);
}

/* What is stuffed comes out as it went in. */
void fuzz_stuffing(void)
{
    const uint8_t head = fuzz_u8() % (LINK_HELLO_BYTES + 1);
    const size_t step = (size_t)fuzz_u8() % 70 + 1;
    struct frame_encoder encoder = {0};
    struct frame_decoder decoder;
    const struct span first = fuzz_take(head);
    memcpy(encoder.head, first.bytes, first.count);
    const struct span body = fuzz_take(fuzz_left());
    const uint32_t size = first.count + body.count;
    uint8_t *buffer = malloc(size + LINK_CRC_BYTES);
    struct span content = {0};
    frame_decoder_init(&decoder, buffer, size + LINK_CRC_BYTES);
    frame_begin(&encoder, (uint8_t)first.count, body);
    while (frame_busy(&encoder)) {
        uint8_t out[70];
        const size_t count = frame_encode(&encoder, body, out, step);
        must(frame_decode(&decoder, out, count, &content) == count);
    }
    must(content.count == size && decoder.errors == (size == 0 ? 1u : 0u));
    if (size > 0)
        must(memcmp(content.bytes, first.bytes, first.count) == 0);
    if (body.count > 0)
        must(memcmp(content.bytes + first.count, body.bytes, body.count) == 0);
    free(buffer);
}

void fuzz_packet(void)
{
    struct packet packet;
    uint8_t out[LINK_HELLO_BYTES];
    const struct span content = fuzz_take(fuzz_left());
    if (!packet_parse(content, 100, &packet))
        return;
    const uint8_t count = packet_put(out, &packet);
    must(memcmp(out, content.bytes, count) == 0 && count + packet.body.count == content.count);
}

/* Reads what a parser points to. */
static volatile uint8_t touched;

static void touch(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        touched ^= bytes[i];
}

void fuzz_touch_message(const struct message *message)
{
    switch (message->type) {
    case MESSAGE_COMMAND:
        touch(message->as.command.name.bytes, message->as.command.name.count);
        touch(message->as.command.body.bytes, message->as.command.body.count);
        break;
    case MESSAGE_OFFER:
        touch(message->as.offer.sha256, MESSAGE_SHA256_BYTES);
        break;
    case MESSAGE_CHUNK:
        touch(message->as.chunk.transfer, MESSAGE_TRANSFER_BYTES);
        touch(message->as.chunk.bytes.bytes, message->as.chunk.bytes.count);
        break;
    default:
        break;
    }
}

void fuzz_message(void)
{
    struct message message;
    const struct span body = fuzz_take(fuzz_left());
    if (!message_parse(body.bytes, body.count, &message))
        return;
    must(cbor_well_formed(body.bytes, body.count, CBOR_MAX_LEVELS));
    fuzz_touch_message(&message);
    if (message.type != MESSAGE_CONFIG)
        return;
    struct span last = {0};
    struct span name;
    int32_t value;
    uint32_t settings = 0;
    while (message_setting(&message.as.config, &name, &value)) {
        must(settings++ == 0 || message_compare_names(last, name) < 0);
        last = name;
    }
    must(settings <= MESSAGE_SETTINGS && cbor_end(&message.as.config.pairs));
}

void fuzz_cbor(void)
{
    const struct span item = fuzz_take(fuzz_left());
    struct cbor_reader reader = cbor_read(item.bytes, item.count);
    cbor_value(&reader);
    if (cbor_end(&reader))
        must(cbor_well_formed(item.bytes, item.count, CBOR_MAX_LEVELS) || item.count > CBOR_MAX_LEVELS);
    cbor_well_formed(item.bytes, item.count, item.count > 0 ? item.bytes[0] % (CBOR_MAX_LEVELS + 2) : 0);
}
