/* SHA-512 with a message schedule of 16 words, as small as it gets: it hashes some 150 bytes of a package. */
#include "sha512.h"

#include <stdbool.h>
#include <string.h>

#include "big_endian.h"
#include "sha2.h"

static uint64_t get_u64_be(const uint8_t *at)
{
    return (uint64_t)get_u32_be(at) << 32 | get_u32_be(at + 4);
}

static void put_u64_be(uint8_t *at, uint64_t value)
{
    put_u32_be(at, (uint32_t)(value >> 32));
    put_u32_be(at + 4, (uint32_t)value);
}

/* The three distances of FIPS 180-4, section 4.1.3; those of a schedule's functions shift by the last. */
static uint64_t mix(uint64_t word, unsigned a, unsigned b, unsigned c, bool shift)
{
    const uint64_t last = shift ? word >> c : word >> c | word << (64 - c);
    return (word >> a | word << (64 - a)) ^ (word >> b | word << (64 - b)) ^ last;
}

static void compress(uint64_t state[8], const uint8_t *block)
{
    uint64_t w[16];
    uint64_t v[8];
    for (unsigned i = 0; i < 16; i++)
        w[i] = get_u64_be(block + 8 * i);
    memcpy(v, state, sizeof v);
    for (unsigned i = 0; i < 80; i++) {
        if (i >= 16)
            w[i & 15] += mix(w[(i + 14) & 15], 19, 61, 6, true) + w[(i + 9) & 15] + mix(w[(i + 1) & 15], 1, 8, 7, true);
        const uint64_t choice = v[6] ^ (v[4] & (v[5] ^ v[6]));
        const uint64_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        const uint64_t t = v[7] + mix(v[4], 14, 18, 41, false) + choice + SHA2_ROUNDS[i] + w[i & 15];
        const uint64_t next = t + mix(v[0], 28, 34, 39, false) + majority;
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t;
        v[0] = next;
    }
    for (unsigned i = 0; i < 8; i++)
        state[i] += v[i];
}

void sha512_start(struct sha512 *sha512)
{
    memcpy(sha512->state, SHA2_START, sizeof sha512->state);
    sha512->count = 0;
}

void sha512_add(struct sha512 *sha512, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sha512->block[sha512->count++ % sizeof sha512->block] = bytes[i];
        if (sha512->count % sizeof sha512->block == 0)
            compress(sha512->state, sha512->block);
    }
}

void sha512_finish(struct sha512 *sha512, uint8_t *digest)
{
    static const uint8_t padding[] = {0x80, 0};
    uint8_t bits[16] = {0};
    put_u64_be(bits + 8, sha512->count * 8);
    sha512_add(sha512, padding, 1);
    while (sha512->count % sizeof sha512->block != sizeof sha512->block - sizeof bits)
        sha512_add(sha512, padding + 1, 1);
    sha512_add(sha512, bits, sizeof bits);
    for (unsigned i = 0; i < 8; i++)
        put_u64_be(digest + 8 * i, sha512->state[i]);
}
