/* Ed25519 signatures (RFC 8032, section 5.1.7), verified with the field and curve of orlp/ed25519. */
#ifndef MOTE_ED25519_H
#define MOTE_ED25519_H

#include <stdbool.h>

#include "base/bytes.h"

/*
 * True when the key of 32 bytes made the signature of 64 bytes over the parts in a row. As OpenSSL judges it: S must be
 * below the group's order, R is compared as bytes, cofactorless.
 */
bool ed25519_verify(const uint8_t *key, const struct span *parts, uint32_t part_count, const uint8_t *signature);

#endif
