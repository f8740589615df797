/*
 * The field and the points are the library's. Its own verification is not used: it takes any S below 2^253, so that one
 * signature has several forms, and its tables for speed need 2.3 KB of stack. This one adds bit by bit, in which
 * nothing is secret.
 */
#include "ed25519.h"

#include <string.h>

#include "base/bytes.h"
#include "ge.h"
#include "modular.h"
#include "sha512.h"

/* Order of the group. */
static const struct modulus ORDER = {
    .m = {0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de, 0x00000000, 0x00000000, 0x00000000, 0x10000000},
    .r2 = {0x449c0f01, 0xa40611e3, 0x68859347, 0xd00e1ba7, 0x17f5be65, 0xceec73d2, 0x7c309a3d, 0x0399411b},
    .inverse = 0x12547e1b,
};

/* Of the base point, as the library adds it: y + x, y - x, 2dxy, little-endian. */
static const uint8_t BASE[3][32] = {
    {
        0x85, 0x3b, 0x8c, 0xf5, 0xc6, 0x93, 0xbc, 0x2f, 0x19, 0x0e, 0x8c, 0xfb, 0xc6, 0x2d, 0x93, 0xcf,
        0xc2, 0x42, 0x3d, 0x64, 0x98, 0x48, 0x0b, 0x27, 0x65, 0xba, 0xd4, 0x33, 0x3a, 0x9d, 0xcf, 0x07,
    },
    {
        0x3e, 0x91, 0x40, 0xd7, 0x05, 0x39, 0x10, 0x9d, 0xb3, 0xbe, 0x40, 0xd1, 0x05, 0x9f, 0x39, 0xfd,
        0x09, 0x8a, 0x8f, 0x68, 0x34, 0x84, 0xc1, 0xa5, 0x67, 0x12, 0xf8, 0x98, 0x92, 0x2f, 0xfd, 0x44,
    },
    {
        0x68, 0xaa, 0x7a, 0x87, 0x05, 0x12, 0xc9, 0xab, 0x9e, 0xc4, 0xaa, 0xcc, 0x23, 0xe8, 0xd9, 0x26,
        0x8c, 0x59, 0x43, 0xdd, 0xcb, 0x7d, 0x1b, 0x5a, 0xa8, 0x65, 0x0c, 0x9f, 0x68, 0x7b, 0x11, 0x6f,
    },
};

static void read_number(number out, const uint8_t *bytes)
{
    for (unsigned i = 0; i < NUMBER_WORDS; i++)
        out[i] = get_u32(bytes + 4 * i);
}

/* SHA-512 of R, key and message, little-endian, modulo the order. */
static __attribute__((noinline)) void hash_to_scalar(const uint8_t *key, const struct span *parts, uint32_t part_count,
                                                     const uint8_t *signature, number scalar)
{
    static const number one = {1};
    uint8_t digest[SHA512_BYTES];
    number high;
    struct sha512 sha512;
    sha512_start(&sha512);
    sha512_add(&sha512, signature, 32);
    sha512_add(&sha512, key, 32);
    for (uint32_t i = 0; i < part_count; i++)
        sha512_add(&sha512, parts[i].bytes, parts[i].count);
    sha512_finish(&sha512, digest);
    read_number(scalar, digest);
    read_number(high, digest + 32);
    modular_multiply(high, high, ORDER.r2, &ORDER); /* high * 2^256 */
    modular_multiply(scalar, scalar, ORDER.r2, &ORDER);
    modular_multiply(scalar, one, scalar, &ORDER);
    number_add(scalar, scalar, high);
    if (!number_less(scalar, ORDER.m))
        number_subtract(scalar, scalar, ORDER.m);
}

static bool bit_of(const number a, unsigned bit)
{
    return (a[bit / 32] >> bit % 32 & 1) != 0;
}

/* a * p + b * the base point; both are below 2^253. */
static void add_multiples(ge_p2 *sum, const number a, const ge_p3 *p, const number b)
{
    ge_precomp base;
    ge_cached cached;
    ge_p1p1 next;
    ge_p3 point;
    fe_frombytes(base.yplusx, BASE[0]);
    fe_frombytes(base.yminusx, BASE[1]);
    fe_frombytes(base.xy2d, BASE[2]);
    ge_p3_to_cached(&cached, p);
    ge_p2_0(sum);
    for (unsigned bit = 253; bit-- > 0;) {
        ge_p2_dbl(&next, sum);
        if (bit_of(a, bit)) {
            ge_p1p1_to_p3(&point, &next);
            ge_add(&next, &point, &cached);
        }
        if (bit_of(b, bit)) {
            ge_p1p1_to_p3(&point, &next);
            ge_madd(&next, &point, &base);
        }
        ge_p1p1_to_p2(sum, &next);
    }
}

bool ed25519_verify(const uint8_t *key, const struct span *parts, uint32_t part_count, const uint8_t *signature)
{
    number s;
    number hash;
    uint8_t found[32];
    ge_p3 negated;
    ge_p2 sum;
    read_number(s, signature + 32);
    if (!number_less(s, ORDER.m) || ge_frombytes_negate_vartime(&negated, key) != 0)
        return false;
    hash_to_scalar(key, parts, part_count, signature, hash);
    add_multiples(&sum, hash, &negated, s);
    ge_tobytes(found, &sum);
    return memcmp(found, signature, sizeof found) == 0;
}
