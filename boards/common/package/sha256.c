/* SHA-256 with a message schedule of 16 words, which is all that a step looks back. */
#include "sha256.h"

#include <string.h>

#include "big_endian.h"

/* First 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, section 4.2.2). */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turn(uint32_t word, unsigned by)
{
    return word >> by | word << (32 - by);
}

static void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[16];
    uint32_t v[8];
    for (unsigned i = 0; i < 16; i++)
        w[i] = get_u32_be(block + 4 * i);
    memcpy(v, state, sizeof v);
    for (unsigned i = 0; i < 64; i++) {
        if (i >= 16) {
            const uint32_t near = w[(i + 14) & 15];
            const uint32_t far = w[(i + 1) & 15];
            const uint32_t sigma1 = turn(near, 17) ^ turn(near, 19) ^ near >> 10;
            const uint32_t sigma0 = turn(far, 7) ^ turn(far, 18) ^ far >> 3;
            w[i & 15] += sigma1 + w[(i + 9) & 15] + sigma0;
        }
        const uint32_t sum1 = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25);
        const uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        const uint32_t t1 = v[7] + sum1 + choice + K[i] + w[i & 15];
        const uint32_t sum0 = turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22);
        const uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + sum0 + majority;
    }
    for (unsigned i = 0; i < 8; i++)
        state[i] += v[i];
}

void sha256_start(struct sha256 *sha256)
{
    static const uint32_t start[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    memcpy(sha256->state, start, sizeof start);
    sha256->count = 0;
}

void sha256_add(struct sha256 *sha256, const uint8_t *bytes, size_t count)
{
    size_t filled = (size_t)(sha256->count % 64);
    sha256->count += count;
    while (count > 0) {
        if (filled == 0 && count >= 64) {
            compress(sha256->state, bytes);
            bytes += 64;
            count -= 64;
            continue;
        }
        const size_t part = count < 64 - filled ? count : 64 - filled;
        memcpy(sha256->block + filled, bytes, part);
        bytes += part;
        count -= part;
        filled += part;
        if (filled == 64) {
            compress(sha256->state, sha256->block);
            filled = 0;
        }
    }
}

void sha256_finish(struct sha256 *sha256, uint8_t *digest)
{
    const uint64_t bits = sha256->count * 8;
    size_t filled = (size_t)(sha256->count % 64);
    sha256->block[filled++] = 0x80;
    if (filled > 56) {
        memset(sha256->block + filled, 0, 64 - filled);
        compress(sha256->state, sha256->block);
        filled = 0;
    }
    memset(sha256->block + filled, 0, 56 - filled);
    put_u32_be(sha256->block + 56, (uint32_t)(bits >> 32));
    put_u32_be(sha256->block + 60, (uint32_t)bits);
    compress(sha256->state, sha256->block);
    for (unsigned i = 0; i < 8; i++)
        put_u32_be(digest + 4 * i, sha256->state[i]);
}

void sha256_of(const uint8_t *bytes, size_t count, uint8_t *digest)
{
    struct sha256 sha256;
    sha256_start(&sha256);
    sha256_add(&sha256, bytes, count);
    sha256_finish(&sha256, digest);
}
