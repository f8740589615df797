/*
 * Opens a package where it lies: a SUIT envelope with a module, its rom and its metadata, and one signature. Nothing is
 * copied. Format: docs/spec/package.md; the same in TypeScript: host/device/package/package.ts, with the same codes.
 */
#ifndef MOTE_PACKAGE_H
#define MOTE_PACKAGE_H

#include "keys.h"
#include "metadata.h"
#include "crypto/crypto.h"

/* The rom lies at a multiple of it when the package does. */
#define PACKAGE_ALIGNMENT 16

struct package {
    uint32_t sequence;
    struct metadata metadata;
    struct span wasm;
    /* No bytes when the module has none. */
    struct span rom;
    /* Of the whole package. */
    uint8_t sha256[SHA256_BYTES];
    /* Which key signed it, as key ids say. */
    struct span key_id;
};

/*
 * Reads a package, checks every byte of it, and that one of `keys` signed it. What is read points into `bytes`. False,
 * with the code and the sentence in `why`: CBOR, COSE, SUIT, PKG_FORMAT, PKG_DIGEST, PKG_SEQUENCE, PKG_METADATA,
 * PKG_KEY (signed with another key), PKG_SIGNATURE, KEY_TYPE (the key is of another kind than the signature says).
 */
bool package_open(struct span bytes, const struct public_key *keys, uint32_t key_count, struct package *package,
                  struct reason *why);

/* What a node asks of a package before it runs it. */
struct package_limits {
    /* ABI of the host, major x 65536 + minor. */
    uint32_t abi;
    /* Linear memory that it can give a module. */
    uint32_t memory_bytes;
    /* Highest sequence confirmed on it, 0 for none. */
    uint32_t sequence;
};

/* False, with PKG_ABI, PKG_MEMORY or PKG_SEQUENCE in `why`: this host can't or may not run it. */
bool package_check(const struct package *package, const struct package_limits *limits, struct reason *why);

#endif
