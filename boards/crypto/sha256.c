/* Mbed TLS's SHA-256 in its small form. None of its functions can fail here. */
#include "crypto.h"

/* The configuration of Mbed TLS is these two lines. */
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_CONFIG_FILE <stdint.h>
/* Monocypher's function does the same. */
#define mbedtls_platform_zeroize crypto_wipe
#include "library/sha256.c"

/* Where the compiler calls these inline functions of the library, it needs an external definition. */
extern inline uint32_t mbedtls_get_unaligned_uint32(const void *p);
extern inline void mbedtls_put_unaligned_uint32(void *p, uint32_t x);

_Static_assert(sizeof(struct sha256) == sizeof(mbedtls_sha256_context), "the header has room for the library's state");
_Static_assert(_Alignof(struct sha256) == _Alignof(mbedtls_sha256_context), "and aligns it");

static mbedtls_sha256_context *context_of(struct sha256 *sha256)
{
    return (mbedtls_sha256_context *)sha256;
}

void sha256_start(struct sha256 *sha256)
{
    mbedtls_sha256_init(context_of(sha256));
    (void)mbedtls_sha256_starts(context_of(sha256), 0);
}

void sha256_add(struct sha256 *sha256, const uint8_t *bytes, size_t count)
{
    (void)mbedtls_sha256_update(context_of(sha256), bytes, count);
}

void sha256_finish(struct sha256 *sha256, uint8_t *digest)
{
    (void)mbedtls_sha256_finish(context_of(sha256), digest);
}

void sha256_of(const uint8_t *bytes, size_t count, uint8_t *digest)
{
    struct sha256 sha256;
    sha256_start(&sha256);
    sha256_add(&sha256, bytes, count);
    sha256_finish(&sha256, digest);
}
