/*
 * The library's own `ed25519_verify` takes any S below 2^253, so that one signature has several forms, and a message in one piece; so
 * the few steps are here, and the hash's state is off the stack before the curve's is on it.
 */
#include "ed25519.h"

#include <string.h>

#include "ge.h"
#include "sc.h"
#include "sha512.h"

/* Order of the group, little-endian. */
static const uint8_t ORDER[32] = {
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
};

static bool below_order(const uint8_t *scalar)
{
    for (unsigned i = sizeof ORDER; i-- > 0;)
        if (scalar[i] != ORDER[i])
            return scalar[i] < ORDER[i];
    return false;
}

static __attribute__((noinline)) void hash_to_scalar(const uint8_t *key, const struct span *parts, uint32_t part_count,
                                                     const uint8_t *signature, uint8_t *scalar)
{
    sha512_context hash;
    sha512_init(&hash);
    sha512_update(&hash, signature, 32);
    sha512_update(&hash, key, 32);
    for (uint32_t i = 0; i < part_count; i++)
        if (parts[i].count > 0)
            sha512_update(&hash, parts[i].bytes, parts[i].count);
    sha512_final(&hash, scalar);
    sc_reduce(scalar);
}

bool ed25519_verify(const uint8_t *key, const struct span *parts, uint32_t part_count, const uint8_t *signature)
{
    uint8_t scalar[64];
    uint8_t found[32];
    ge_p3 negated;
    ge_p2 sum;
    if (!below_order(signature + 32) || ge_frombytes_negate_vartime(&negated, key) != 0)
        return false;
    hash_to_scalar(key, parts, part_count, signature, scalar);
    ge_double_scalarmult_vartime(&sum, scalar, &negated, signature + 32);
    ge_tobytes(found, &sum);
    return memcmp(found, signature, sizeof found) == 0;
}
