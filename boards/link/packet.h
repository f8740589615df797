/* The four packets of the session protocol (docs/spec/link.md, "Packet"). */
#ifndef MOTE_PACKET_H
#define MOTE_PACKET_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/constants.h"

struct packet {
    enum packet_kind kind;
    /* Of a hello. */
    bool ready;
    uint8_t window;
    uint16_t max_bytes;
    uint32_t session;
    uint32_t peer;
    /* Of a hello what it wants next, else what has arrived: all before this number. */
    uint16_t ack;
    /* Of data. */
    uint16_t seq;
    struct span body;
};

/*
 * False for anything that isn't a packet of this version with a message of at most `max_bytes`. The body points into
 * `content`.
 */
bool packet_parse(struct span content, uint32_t max_bytes, struct packet *packet);

/* Writes all but the body into up to LINK_HELLO_BYTES; returns how many. */
uint8_t packet_put(uint8_t *out, const struct packet *packet);

#endif
