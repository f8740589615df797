/* SHA-256 (FIPS 180-4, section 6.2), at once or of bytes that come in pieces. */
#ifndef MOTE_SHA256_H
#define MOTE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

struct sha256 {
    uint32_t state[8];
    uint64_t count;
    uint8_t block[64];
};

void sha256_start(struct sha256 *sha256);
void sha256_add(struct sha256 *sha256, const uint8_t *bytes, size_t count);
/* Start it anew before the next use. */
void sha256_finish(struct sha256 *sha256, uint8_t *digest);

void sha256_of(const uint8_t *bytes, size_t count, uint8_t *digest);

#endif
