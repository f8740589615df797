/*
 * Runs one operation with a private key that valgrind's memcheck takes for uninitialized memory: it then reports each
 * branch and each address that depends on the key. `control` is a comparison that ends early, which it must report.
 */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "crypto/crypto.h"

/* Of RFC 6979, section A.2.5. */
static const uint8_t KEY[P256_PRIVATE_KEY_BYTES] = {
    0xc9, 0xaf, 0xa9, 0xd8, 0x45, 0xba, 0x75, 0x16, 0x6b, 0x5c, 0x21, 0x57, 0x67, 0xb1, 0xd6, 0x93,
    0x4e, 0x50, 0xc3, 0xdb, 0x36, 0xe8, 0x9b, 0x12, 0x7b, 0x8a, 0x62, 0x2b, 0x12, 0x0f, 0x67, 0x21,
};

static bool run(const char *operation, const uint8_t *secret, const uint8_t *peer, uint8_t *out)
{
    uint8_t digest[SHA256_BYTES];
    sha256_of(peer, P256_KEY_BYTES, digest);
    if (strcmp(operation, "sign") == 0)
        return p256_sign(secret, digest, out);
    if (strcmp(operation, "agree") == 0)
        return p256_agree(secret, peer, out);
    if (strcmp(operation, "public") == 0)
        return p256_public_key(secret, out);
    for (unsigned i = 0; i < sizeof KEY; i++)
        if (secret[i] != KEY[i])
            return false;
    return true;
}

int main(int count, char **words)
{
    uint8_t secret[sizeof KEY];
    uint8_t peer[P256_KEY_BYTES];
    uint8_t out[P256_KEY_BYTES] = {0};
    if (count != 2 || !p256_public_key(KEY, peer))
        return 2;
    memcpy(secret, KEY, sizeof secret);
    VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof secret);
    bool ok = run(words[1], secret, peer, out);
    VALGRIND_MAKE_MEM_DEFINED(&ok, sizeof ok);
    VALGRIND_MAKE_MEM_DEFINED(out, sizeof out);
    puts(ok ? "done" : "failed");
    return 0;
}
