/* SHA-512 (FIPS 180-4, section 6.4) of bytes that come in pieces, of less than 2^61 bytes in all. */
#ifndef MOTE_SHA512_H
#define MOTE_SHA512_H

#include <stddef.h>
#include <stdint.h>

#define SHA512_BYTES 64

struct sha512 {
    uint64_t state[8];
    uint64_t count;
    uint8_t block[128];
};

void sha512_start(struct sha512 *sha512);
void sha512_add(struct sha512 *sha512, const uint8_t *bytes, size_t count);
/* Start it anew before the next use. */
void sha512_finish(struct sha512 *sha512, uint8_t *digest);

#endif
