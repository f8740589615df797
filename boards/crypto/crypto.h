/*
 * The cryptography of a node: SHA-256, Ed25519, and ECDSA and key agreement on P-256. All other code includes this
 * header alone. The files beside it put kept libraries behind it, which third_party/ names: Mbed TLS's SHA-256 and
 * p256-m, and Monocypher. The linker drops what an image does not call.
 *
 * Functions that take a private key run in constant time: no branch and no address depends on the key, the nonce or the
 * shared secret. The one exception is that a private key out of range is rejected earlier. Verification works on public
 * data and gives no such guarantee. No function needs random numbers. Signing uses a static variable, so that only one
 * thread may sign at a time.
 *
 * Integers are big-endian, 32 bytes each. A public key on P-256 is its x and y, a signature is R and S (Ed25519) or r
 * and s (ECDSA).
 */
#ifndef MOTE_CRYPTO_H
#define MOTE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define SHA256_BYTES 32
#define SIGNATURE_BYTES 64
#define ED25519_KEY_BYTES 32
/* SEC 1, section 2.3.3, uncompressed, without the byte 4 in front. */
#define P256_KEY_BYTES 64
#define P256_PRIVATE_KEY_BYTES 32
#define P256_SECRET_BYTES 32

/* SHA-256 (FIPS 180-4, section 6.2) of bytes that come in pieces. The content is the library's. */
struct sha256 {
    uint32_t words[27];
};

void sha256_start(struct sha256 *sha256);
void sha256_add(struct sha256 *sha256, const uint8_t *bytes, size_t count);
/* Start it again before the next use. */
void sha256_finish(struct sha256 *sha256, uint8_t *digest);

void sha256_of(const uint8_t *bytes, size_t count, uint8_t *digest);

/*
 * Ed25519 (RFC 8032, section 5.1.7). True when the key made the signature over the parts in a row. The verdict is
 * OpenSSL's: S must be below the group's order, R is compared as bytes, without the cofactor.
 */
bool ed25519_verify(const uint8_t *key, const struct span *parts, uint32_t part_count, const uint8_t *signature);

/*
 * ECDSA (FIPS 186-5, section 6.4.2). True when the key made the signature over the digest of SHA256_BYTES. Accepts a
 * high s, as COSE does. False for a key that is not a point of the curve.
 */
bool p256_verify(const uint8_t *key, const uint8_t *digest, const uint8_t *signature);

/*
 * Signs a digest of SHA256_BYTES. The nonce follows from the key and the digest (RFC 6979), so that a weak source of
 * random numbers cannot reveal the key. False when the private key is not in the range from 1 to the order - 1.
 */
bool p256_sign(const uint8_t *private_key, const uint8_t *digest, uint8_t *signature);

/*
 * The public key of a private key. False when the private key is not in the range from 1 to the order - 1. To make a
 * key pair, call it with random bytes until it returns true: the first 32 bytes almost always do.
 */
bool p256_public_key(const uint8_t *private_key, uint8_t *key);

/*
 * ECDH (SEC 1, section 3.3.1): the x coordinate of the private key times the peer's public key. Derive keys from the
 * secret with a hash; do not use it as a key. False when the private key is out of range, or the peer's key is not a
 * point of the curve.
 */
bool p256_agree(const uint8_t *private_key, const uint8_t *peer_key, uint8_t *secret);

#endif
