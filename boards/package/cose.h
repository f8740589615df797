/*
 * COSE_Sign1 (RFC 9052, section 4.2) with a detached payload, by Ed25519 or ECDSA on P-256. The same in TypeScript:
 * host/device/package/cose.ts.
 */
#ifndef MOTE_COSE_H
#define MOTE_COSE_H

#include "base/reason.h"
#include "keys.h"

struct sign1 {
    enum key_algorithm algorithm;
    /* The key that the signer names. */
    bool has_key_id;
    struct span key_id;
    /* The protected header as it is signed. */
    struct span protected_header;
    /* SIGNATURE_BYTES of crypto.h. */
    const uint8_t *signature;
    /* Nothing but algorithm and key id in it, both of them protected, and no payload. */
    bool plain;
};

/* False, with CBOR or COSE in `why`: it is no such message. Nothing is verified yet. */
bool sign1_parse(struct span bytes, struct sign1 *sign1, struct reason *why);

/* True when the key, which is one for the message's algorithm, made this signature over `payload`. */
bool sign1_verify(const struct sign1 *sign1, const struct public_key *key, struct span payload);

#endif
