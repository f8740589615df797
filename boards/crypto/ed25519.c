/*
 * Monocypher's Ed25519. Its own crypto_ed25519_check wants the message in one piece; the steps of it that are public do
 * not.
 */
#include "crypto.h"

#ifndef __clang__
/* 212 bytes less on a Cortex-M4 (GCC 12). */
#pragma GCC optimize("no-tree-coalesce-vars", "no-schedule-insns2")
#endif
#include "monocypher.c"
#include "optional/monocypher-ed25519.h"

bool ed25519_verify(const uint8_t *key, const struct span *parts, uint32_t part_count, const uint8_t *signature)
{
    uint8_t hash[64];
    crypto_sha512_ctx sha512;
    crypto_sha512_init(&sha512);
    crypto_sha512_update(&sha512, signature, 32);
    crypto_sha512_update(&sha512, key, ED25519_KEY_BYTES);
    for (uint32_t i = 0; i < part_count; i++)
        crypto_sha512_update(&sha512, parts[i].bytes, parts[i].count);
    crypto_sha512_final(&sha512, hash);
    crypto_eddsa_reduce(hash, hash);
    return crypto_eddsa_check_equation(signature, key, hash) == 0;
}
