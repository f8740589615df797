/*
 * Opens a package in place: a SUIT envelope with a module, its rom, its metadata, and one signature. Nothing is copied.
 * docs/spec/package.md has the format. The TypeScript twin, host/device/package/package.ts, reports the same codes.
 */
#ifndef MOTE_PACKAGE_H
#define MOTE_PACKAGE_H

#include "crypto/crypto.h"
#include "keys.h"
#include "metadata.h"

/* The rom is aligned to this if the package is. */
#define PACKAGE_ALIGNMENT 16

struct package {
    uint32_t sequence;
    struct metadata metadata;
    struct span wasm;
    /* Empty if the module has no rom. */
    struct span rom;
    /* SHA-256 of the whole package. */
    uint8_t sha256[SHA256_BYTES];
    /* Identifier of the key that signed it. */
    struct span key_id;
};

/*
 * Parses a package, checks every byte of it, and verifies that one of `keys` signed it. The results point into `bytes`.
 * Returns false for CBOR, COSE, SUIT, PKG_FORMAT, PKG_DIGEST, PKG_SEQUENCE, PKG_METADATA, PKG_KEY (signed with another
 * key), PKG_SIGNATURE, KEY_TYPE (the key does not have the signature's algorithm).
 */
bool package_open(struct span bytes, const struct public_key *keys, uint32_t key_count, struct package *package,
                  struct reason *why);

/*
 * Verifies the first `chunk` of a package, up to the end of its signed manifest, before the rest arrives: that one of
 * `keys` signed it, and that it belongs to a package of this sequence and of `total` bytes. Returns false for
 * PKG_FORMAT, CBOR, COSE, SUIT, PKG_SEQUENCE, OTA_FORMAT, PKG_KEY, KEY_TYPE, PKG_SIGNATURE. What costs little is checked
 * first.
 */
bool package_verify_head(struct span chunk, uint32_t sequence, uint32_t total, const struct public_key *keys,
                         uint32_t key_count, struct reason *why);

/* What a node requires of a package before it runs it. */
struct package_limits {
    /* ABI of the host, major x 65536 + minor. */
    uint32_t abi;
    /* Linear memory that it can give to a module. */
    uint32_t memory_bytes;
    /* Highest sequence that was confirmed on it, 0 for none. */
    uint32_t sequence;
    /* Its product class and its group, empty for none, and its name. */
    struct span product;
    struct span node;
    struct span group;
};

/*
 * Returns false, with PKG_TARGET, PKG_ABI, PKG_MEMORY or PKG_SEQUENCE in `why`, if this host can not or must not run the package.
 */
bool package_check(const struct package *package, const struct package_limits *limits, struct reason *why);

#endif
