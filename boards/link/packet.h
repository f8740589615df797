/* The four packets of the session protocol (docs/spec/link.md, "Packet"). */
#ifndef MOTE_PACKET_H
#define MOTE_PACKET_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/constants.h"

struct packet {
    enum packet_kind kind;
    /* For a hello. */
    bool ready;
    uint8_t window;
    uint16_t max_bytes;
    uint32_t session;
    uint32_t peer;
    /* In a hello, the number that it expects next; else the number that follows the last received message. */
    uint16_t ack;
    /* For data. */
    uint16_t seq;
    struct span body;
};

/*
 * Parses a packet. Returns false for anything that is not a packet of this version with a message of at most
 * `max_bytes`. The body points into `content`.
 */
bool packet_parse(struct span content, uint32_t max_bytes, struct packet *packet);

/* Writes everything except the body, at most LINK_HELLO_BYTES, and returns its length. */
uint8_t packet_put(uint8_t *out, const struct packet *packet);

#endif
