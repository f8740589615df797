/*
 * A SUIT envelope (draft-ietf-suit-manifest, CBOR tag 107) with what a package has in it: one wrapper of digest and
 * signatures, a manifest, integrated payloads. The same in TypeScript, for any envelope: host/device/package/suit.ts.
 */
#ifndef MOTE_SUIT_H
#define MOTE_SUIT_H

#include "cose.h"

/* In the order of the manifest's components. */
enum payload {
    PAYLOAD_WASM = 0,
    PAYLOAD_ROM,
    PAYLOAD_META,
};
#define PAYLOADS 3

struct envelope {
    /* The digest of the manifest as it is signed, algorithm included. */
    struct span digest;
    uint32_t signature_count;
    /* The first of them. */
    struct sign1 signature;
    struct span manifest;
    /* No bytes: it is not there. */
    struct span payload[PAYLOADS];
    bool has[PAYLOADS];
};

/* Checks the manifest's digest, but nothing in the manifest. False, with CBOR, COSE or SUIT in `why`. */
bool envelope_parse(struct span bytes, struct envelope *envelope, struct reason *why);

/* The manifest's sequence number. False, with CBOR or SUIT in `why`: it is no manifest. */
bool manifest_sequence(struct span manifest, uint64_t *sequence, struct reason *why);

/* Whether it is the one manifest for this sequence and these payloads, which are hashed for that. */
bool manifest_is(struct span manifest, uint32_t sequence, const struct span payload[PAYLOADS]);

#endif
