/*
 * COSE_Sign1 (RFC 9052, section 4.2) with a detached payload, by Ed25519 or ECDSA on P-256. The TypeScript twin is
 * host/device/package/cose.ts.
 */
#ifndef MOTE_COSE_H
#define MOTE_COSE_H

#include "base/reason.h"
#include "keys.h"

struct sign1 {
    enum key_algorithm algorithm;
    /* Identifier of the signer's key. */
    bool has_key_id;
    struct span key_id;
    /* The protected header, as it is signed. */
    struct span protected_header;
    /* SIGNATURE_BYTES of crypto.h. */
    const uint8_t *signature;
    /* The headers have only an algorithm and a key id, both protected, and there is no payload. */
    bool plain;
};

/* Parses the message and verifies nothing yet. Returns false, with CBOR or COSE in `why`, if it is not a valid one. */
bool sign1_parse(struct span bytes, struct sign1 *sign1, struct reason *why);

/* Returns whether the key, which must be one for the message's algorithm, made this signature over `payload`. */
bool sign1_verify(const struct sign1 *sign1, const struct public_key *key, struct span payload);

#endif
