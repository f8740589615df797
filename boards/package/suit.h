/*
 * A SUIT envelope (draft-ietf-suit-manifest, CBOR tag 107) with the contents of a package: one wrapper of digest and
 * signatures, a manifest, integrated payloads. The TypeScript twin, host/device/package/suit.ts, reads any envelope.
 */
#ifndef MOTE_SUIT_H
#define MOTE_SUIT_H

#include "cose.h"

/* In the order of the components in the manifest. */
enum payload {
    PAYLOAD_WASM = 0,
    PAYLOAD_ROM,
    PAYLOAD_META,
};
#define PAYLOADS 3

struct envelope {
    /* The digest of the manifest, as it is signed, with its algorithm. */
    struct span digest;
    uint32_t signature_count;
    /* The first signature. */
    struct sign1 signature;
    struct span manifest;
    /* Empty if it is absent. */
    struct span payload[PAYLOADS];
    bool has[PAYLOADS];
};

/*
 * Parses an envelope and checks the digest of the manifest, but not the manifest. Returns false, with CBOR, COSE or
 * SUIT in `why`, if it is invalid.
 */
bool envelope_parse(struct span bytes, struct envelope *envelope, struct reason *why);

/*
 * Parses the beginning of an envelope up to the end of its manifest: `head` is that, `members` the number of all
 * members. Otherwise as envelope_parse; PKG_FORMAT if the bytes do not hold that much.
 */
bool envelope_parse_head(struct span bytes, struct envelope *envelope, struct span *head, uint32_t *members,
                         struct reason *why);

/* Reads the sequence number of the manifest. Returns false, with CBOR or SUIT in `why`, if there is none. */
bool manifest_sequence(struct span manifest, uint64_t *sequence, struct reason *why);

/* A payload as the manifest has it. */
struct image {
    /* SHA-256 */
    const uint8_t *digest;
    uint32_t bytes;
};

/* Reads digests and sizes. Returns whether the manifest is the only one for them and this sequence. */
bool manifest_read(struct span manifest, uint32_t sequence, struct image image[PAYLOADS]);

/* Returns whether the manifest is the only one for this sequence and these payloads, whose digests it computes. */
bool manifest_is(struct span manifest, uint32_t sequence, const struct span payload[PAYLOADS]);

/* Returns the bytes of a payload of `bytes` bytes with its name in the envelope. */
uint64_t member_bytes(enum payload payload, uint32_t bytes);

#endif
