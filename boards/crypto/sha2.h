/* The constants of SHA-256 and SHA-512. Those of SHA-256 are the upper halves of those of SHA-512. */
#ifndef MOTE_SHA2_H
#define MOTE_SHA2_H

#include <stdint.h>

/* Fractional parts of the square roots of the first 8 primes (FIPS 180-4, section 5.3.5). */
extern const uint64_t SHA2_START[8];
/* Fractional parts of the cube roots of the first 80 primes (FIPS 180-4, section 4.2.3). */
extern const uint64_t SHA2_ROUNDS[80];

#endif
