/* Encodes and decodes frames byte by byte. */
#include "frame.h"

#include <string.h>

/* A block has up to 254 bytes. Its code 255 means that no zero follows it. */
#define FULL_BLOCK 254

enum { IN_FRAME = 1, AT_END = 2 };

void frame_decoder_init(struct frame_decoder *decoder, uint8_t *buffer, uint32_t size)
{
    *decoder = (struct frame_decoder){.buffer = buffer, .size = size};
}

void frame_reset(struct frame_decoder *decoder)
{
    decoder->length = 0;
    decoder->code = 0;
    decoder->left = 0;
    decoder->bad = false;
}

static void keep(struct frame_decoder *decoder, uint8_t byte)
{
    if (decoder->length < decoder->size)
        decoder->buffer[decoder->length++] = byte;
    else
        decoder->bad = true;
}

static void take(struct frame_decoder *decoder, uint8_t byte)
{
    if (decoder->left > 0) {
        decoder->left--;
        keep(decoder, byte);
        return;
    }
    if (decoder->code != 0 && decoder->code != FULL_BLOCK + 1)
        keep(decoder, 0);
    decoder->code = byte;
    decoder->left = (uint8_t)(byte - 1);
}

static struct span finish(struct frame_decoder *decoder)
{
    struct span content = {0};
    /* A sender may put zeros on an idle line, so that the receiver synchronizes. */
    if (decoder->code == 0)
        return content;
    if (!decoder->bad && decoder->left == 0 && decoder->length > LINK_CRC_BYTES) {
        const uint32_t count = decoder->length - LINK_CRC_BYTES;
        if (crc32(0, decoder->buffer, count) == get_u32(decoder->buffer + count))
            content = (struct span){.bytes = decoder->buffer, .count = count};
    }
    if (content.count == 0)
        decoder->errors++;
    frame_reset(decoder);
    return content;
}

size_t frame_decode(struct frame_decoder *decoder, const uint8_t *bytes, size_t count, struct span *content)
{
    *content = (struct span){0};
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == 0) {
            *content = finish(decoder);
            return i + 1;
        }
        take(decoder, bytes[i]);
    }
    return count;
}

static uint32_t total(const struct frame_encoder *encoder)
{
    return (uint32_t)encoder->head_bytes + encoder->body_bytes + LINK_CRC_BYTES;
}

static uint8_t raw(const struct frame_encoder *encoder, struct span body, uint32_t at)
{
    if (at < encoder->head_bytes)
        return encoder->head[at];
    at -= encoder->head_bytes;
    return at < encoder->body_bytes ? body.bytes[at] : encoder->crc[at - encoder->body_bytes];
}

void frame_begin(struct frame_encoder *encoder, uint8_t head_bytes, struct span body)
{
    encoder->head_bytes = head_bytes;
    encoder->body_bytes = (uint16_t)body.count;
    put_u32(encoder->crc, crc32(crc32(0, encoder->head, head_bytes), body.bytes, body.count));
    encoder->at = 0;
    encoder->run = 0;
    /* The first block starts as if a full one preceded it. */
    encoder->full = true;
    encoder->state = IN_FRAME;
}

/* Writes the code of the next block and sets `run` to its length. */
static uint8_t open_block(struct frame_encoder *encoder, struct span body)
{
    const uint32_t end = total(encoder);
    uint32_t at = encoder->at;
    while (at < end && at - encoder->at < FULL_BLOCK && raw(encoder, body, at) != 0)
        at++;
    encoder->run = (uint8_t)(at - encoder->at);
    encoder->full = encoder->run == FULL_BLOCK;
    if (!encoder->full && at == end)
        encoder->state = AT_END;
    return (uint8_t)(encoder->run + 1);
}

size_t frame_encode(struct frame_encoder *encoder, struct span body, uint8_t *out, size_t size)
{
    size_t done = 0;
    while (done < size && encoder->state != 0) {
        if (encoder->run > 0) {
            encoder->run--;
            out[done++] = raw(encoder, body, encoder->at++);
        } else if (encoder->state == AT_END) {
            encoder->state = 0;
            out[done++] = 0;
        } else {
            /* The zero that the preceding block stands for. */
            if (!encoder->full)
                encoder->at++;
            out[done++] = open_block(encoder, body);
        }
    }
    return done;
}

bool frame_busy(const struct frame_encoder *encoder)
{
    return encoder->state != 0;
}
