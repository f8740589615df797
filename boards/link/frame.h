/*
 * Frames on a byte stream (docs/spec/link.md, "Frame"): consistent overhead byte stuffing with 0x00 between frames,
 * and CRC-32 at the end of each. Both directions work byte by byte: what comes is unstuffed where it is kept, what
 * goes is stuffed as the stream takes it.
 */
#ifndef MOTE_FRAME_H
#define MOTE_FRAME_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/constants.h"

struct frame_decoder {
    uint8_t *buffer;
    /* Content and checksum of the longest frame that is taken. */
    uint32_t size;
    uint32_t length;
    /* Code of the present block, 0 before the first, and how many of its bytes are still to come. */
    uint8_t code;
    uint8_t left;
    bool bad;
    /* Frames dropped: too long, badly stuffed, or with a wrong checksum. */
    uint32_t errors;
};

void frame_decoder_init(struct frame_decoder *decoder, uint8_t *buffer, uint32_t size);

/* Forgets a half-received frame, for a new stream. */
void frame_reset(struct frame_decoder *decoder);

/*
 * Takes bytes up to the end of a frame; returns how many. `content` is the frame's when it was a good one, valid until
 * the next call, else empty.
 */
size_t frame_decode(struct frame_decoder *decoder, const uint8_t *bytes, size_t count, struct span *content);

/* A frame on its way out: a packet's fields and its message, which lies elsewhere. */
struct frame_encoder {
    uint8_t head[LINK_HELLO_BYTES];
    uint8_t crc[LINK_CRC_BYTES];
    uint8_t head_bytes;
    /* Bytes left of the present block. */
    uint8_t run;
    /* No zero follows the present block: it is full. */
    bool full;
    /* 0: there is no frame; else whether blocks are still to come, or only its 0x00. */
    uint8_t state;
    uint16_t body_bytes;
    /* Next of content and checksum. */
    uint16_t at;
};

/* Begins a frame of `head_bytes`, which the caller has put into `head`, and a message. */
void frame_begin(struct frame_encoder *encoder, uint8_t head_bytes, struct span body);

/* Up to `size` more bytes of the frame; fewer only at its end. `body` must have the same bytes as at the beginning. */
size_t frame_encode(struct frame_encoder *encoder, struct span body, uint8_t *out, size_t size);

bool frame_busy(const struct frame_encoder *encoder);

#endif
