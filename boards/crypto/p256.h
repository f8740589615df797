/*
 * ECDSA on P-256 with SHA-256 (FIPS 186-5, section 6.4.2; SEC 2, section 2.4.2): verifying only, so nothing in it is
 * secret.
 */
#ifndef MOTE_P256_H
#define MOTE_P256_H

#include <stdbool.h>

#include "base/bytes.h"

/*
 * True when the key (x and y, 32 bytes each, big-endian) made the signature (r and s, 32 bytes each) over the digest of
 * 32 bytes. A high s is taken, as everywhere in COSE. False for a key that is no point of the curve.
 */
bool p256_verify(const uint8_t *key, const uint8_t *digest, const uint8_t *signature);

#endif
