/*
 * The public keys that a node trusts. They are written at provisioning, as the agent's key `keys` in docs/spec/node.md.
 * The TypeScript twin is host/device/package/trusted-keys.ts.
 */
#ifndef MOTE_KEYS_H
#define MOTE_KEYS_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/constants.h"

/* Key of the agent's store. */
#define KEYS_KEY "keys"

#define KEY_ID_BYTES 8

/* Numbers of algorithms in COSE (RFC 9053, sections 2.1 and 2.2). */
enum key_algorithm {
    KEY_ES256 = -7,
    KEY_EDDSA = -8,
};

struct public_key {
    enum key_algorithm algorithm;
    /* Identifier of the key in packages: the first bytes of the SHA-256 of its SPKI DER. */
    uint8_t id[KEY_ID_BYTES];
    /* ED25519_KEY_BYTES or P256_KEY_BYTES (crypto.h), in the parsed value. */
    const uint8_t *bytes;
};

/*
 * Parses the value of `keys` into up to PACKAGE_TRUSTED_KEYS keys. They point into the value; a value of a store stays
 * in place until the next change of the store. Returns false, with no keys, if the value is invalid. A key that is not
 * a point of its curve is accepted but verifies nothing.
 */
bool keys_parse(struct span value, struct public_key *keys, uint32_t *count);

#endif
