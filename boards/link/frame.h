/*
 * Frames on a byte stream (docs/spec/link.md, "Frame"): consistent overhead byte stuffing with 0x00 between frames, and
 * CRC-32 at the end of each. Both directions work byte by byte: input is decoded into the buffer that keeps it, and
 * output is encoded as the stream accepts it.
 */
#ifndef MOTE_FRAME_H
#define MOTE_FRAME_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/constants.h"

struct frame_decoder {
    uint8_t *buffer;
    /* Bytes for content and checksum of the longest accepted frame. */
    uint32_t size;
    uint32_t length;
    /* Code of the present block, 0 before the first, and the number of its bytes that are still to come. */
    uint8_t code;
    uint8_t left;
    bool bad;
    /* Number of dropped frames: too long, badly encoded, or with a wrong checksum. */
    uint32_t errors;
};

void frame_decoder_init(struct frame_decoder *decoder, uint8_t *buffer, uint32_t size);

/* Drops an incomplete frame, for a new stream. */
void frame_reset(struct frame_decoder *decoder);

/*
 * Consumes bytes up to the end of a frame and returns how many. `*content` is the content of a valid frame until the
 * next call, else empty.
 */
size_t frame_decode(struct frame_decoder *decoder, const uint8_t *bytes, size_t count, struct span *content);

/* A frame that is being sent: the head of its packet, and its message, which lies elsewhere. */
struct frame_encoder {
    uint8_t head[LINK_HELLO_BYTES];
    uint8_t crc[LINK_CRC_BYTES];
    uint8_t head_bytes;
    /* Bytes left of the present block. */
    uint8_t run;
    /* The present block is full: no zero follows it. */
    bool full;
    /* 0 for no frame; else whether blocks are still to come, or only the final 0x00. */
    uint8_t state;
    uint16_t body_bytes;
    /* Offset of the next byte in content and checksum. */
    uint16_t at;
};

/* Starts a frame with `head_bytes` bytes, which the caller has written to `head`, and a message. */
void frame_begin(struct frame_encoder *encoder, uint8_t head_bytes, struct span body);

/*
 * Writes up to `size` more bytes of the frame, fewer only at its end. `body` must have the same bytes as at the start.
 */
size_t frame_encode(struct frame_encoder *encoder, struct span body, uint8_t *out, size_t size);

bool frame_busy(const struct frame_encoder *encoder);

#endif
