/*
 * The public keys that a node trusts. They are written at provisioning: the value of the agent's key `keys` in
 * docs/spec/node.md; the same in TypeScript: host/device/package/trusted-keys.ts.
 */
#ifndef MOTE_KEYS_H
#define MOTE_KEYS_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/constants.h"

/* Where the agent's store has them. */
#define KEYS_KEY "keys"

#define KEY_ID_BYTES 8

/* COSE's numbers (RFC 9053, sections 2.1 and 2.2). */
enum key_algorithm {
    KEY_ES256 = -7,
    KEY_EDDSA = -8,
};

struct public_key {
    enum key_algorithm algorithm;
    /* What names it in packages: the first bytes of the SHA-256 of its SPKI DER. */
    uint8_t id[KEY_ID_BYTES];
    /* ED25519_KEY_BYTES or P256_KEY_BYTES (crypto.h) of them, where they were parsed. */
    const uint8_t *bytes;
};

/*
 * Reads the value of `keys` into up to PACKAGE_TRUSTED_KEYS keys, which point into it: a value in a store stays where it is only
 * until the store's next change. False, with none: it is no such value. A key that is no point of its curve is taken
 * and verifies nothing.
 */
bool keys_parse(struct span value, struct public_key *keys, uint32_t *count);

#endif
