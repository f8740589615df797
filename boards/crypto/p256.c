/*
 * p256-m, as Mbed TLS carries it, with nonces of RFC 6979 instead of random numbers. Its functions take one random
 * number after another from psa_generate_random, which has no context: `nonces` is that context while it signs.
 */
#include "crypto.h"

#include <string.h>

struct nonces {
    /* K and V of RFC 6979, section 3.2. */
    uint8_t key[SHA256_BYTES];
    uint8_t value[SHA256_BYTES];
    bool used;
};

static struct nonces *nonces;

static int psa_generate_random(uint8_t *output, size_t count);

#define MBEDTLS_PSA_P256M_DRIVER_ENABLED
#define MBEDTLS_CONFIG_FILE <stdint.h>
/* Monocypher's function does the same. */
#define mbedtls_platform_zeroize crypto_wipe
/* The header's guard: all that is used of it is declared above. */
#define PSA_CRYPTO_H
#include "3rdparty/p256-m/p256-m/p256-m.c"

/* HMAC (RFC 2104) with a key of 32 bytes; `out` may be the key or a part. */
static void hmac(const uint8_t *key, const struct span *parts, uint32_t part_count, uint8_t *out)
{
    enum { BLOCK_BYTES = 64, INNER = 0x36, OUTER = 0x5c };
    uint8_t block[BLOCK_BYTES] = {0};
    uint8_t digest[SHA256_BYTES];
    struct sha256 sha256;
    memcpy(block, key, SHA256_BYTES);
    for (unsigned i = 0; i < BLOCK_BYTES; i++)
        block[i] ^= INNER;
    sha256_start(&sha256);
    sha256_add(&sha256, block, BLOCK_BYTES);
    for (uint32_t i = 0; i < part_count; i++)
        sha256_add(&sha256, parts[i].bytes, parts[i].count);
    sha256_finish(&sha256, digest);
    for (unsigned i = 0; i < BLOCK_BYTES; i++)
        block[i] ^= INNER ^ OUTER;
    sha256_start(&sha256);
    sha256_add(&sha256, block, BLOCK_BYTES);
    sha256_add(&sha256, digest, SHA256_BYTES);
    sha256_finish(&sha256, out);
    crypto_wipe(block, sizeof block);
    crypto_wipe(&sha256, sizeof sha256);
}

static void next_value(struct nonces *from)
{
    const struct span value = {from->value, SHA256_BYTES};
    hmac(from->key, &value, 1, from->value);
}

/* Steps d and e with `tag` 0, f and g with 1; step h.3 without seed, where there is nothing between them. */
static void next_key(struct nonces *from, uint8_t tag, const uint8_t *seed, uint32_t seed_bytes)
{
    const struct span parts[] = {{from->value, SHA256_BYTES}, {&tag, 1}, {seed, seed_bytes}};
    hmac(from->key, parts, sizeof parts / sizeof parts[0], from->key);
    next_value(from);
}

static void start_nonces(struct nonces *from, const uint8_t *private_key, const uint8_t *digest)
{
    uint8_t seed[P256_PRIVATE_KEY_BYTES + SHA256_BYTES];
    uint32_t number[8];
    memcpy(seed, private_key, P256_PRIVATE_KEY_BYTES);
    u256_from_bytes(number, digest);
    ecdsa_m256_mod_n(number);
    u256_to_bytes(seed + P256_PRIVATE_KEY_BYTES, number);
    memset(from->key, 0, sizeof from->key);
    memset(from->value, 1, sizeof from->value);
    from->used = false;
    next_key(from, 0, seed, sizeof seed);
    next_key(from, 1, seed, sizeof seed);
    crypto_wipe(seed, sizeof seed);
}

/* Step h. p256-m asks again when the number is not in the range from 1 to the order - 1. */
static int psa_generate_random(uint8_t *output, size_t count)
{
    if (nonces == NULL || count != SHA256_BYTES)
        return P256_RANDOM_FAILED;
    if (nonces->used)
        next_key(nonces, 0, NULL, 0);
    nonces->used = true;
    next_value(nonces);
    memcpy(output, nonces->value, SHA256_BYTES);
    return P256_SUCCESS;
}

bool p256_verify(const uint8_t *key, const uint8_t *digest, const uint8_t *signature)
{
    return p256_ecdsa_verify(signature, key, digest, SHA256_BYTES) == P256_SUCCESS;
}

bool p256_sign(const uint8_t *private_key, const uint8_t *digest, uint8_t *signature)
{
    struct nonces own;
    start_nonces(&own, private_key, digest);
    nonces = &own;
    const int result = p256_ecdsa_sign(signature, private_key, digest, SHA256_BYTES);
    nonces = NULL;
    crypto_wipe(&own, sizeof own);
    return result == P256_SUCCESS;
}

bool p256_public_key(const uint8_t *private_key, uint8_t *key)
{
    return p256_public_from_private(key, private_key) == P256_SUCCESS;
}

bool p256_agree(const uint8_t *private_key, const uint8_t *peer_key, uint8_t *secret)
{
    return p256_ecdh_shared_secret(secret, private_key, peer_key) == P256_SUCCESS;
}
