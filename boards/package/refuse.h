/* Rejection of packages that are not CBOR. */
#ifndef MOTE_REFUSE_H
#define MOTE_REFUSE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/reason.h"

/* Returns whether the bytes are exactly one value in deterministic CBOR. If not, REASON_CBOR is in `why`. */
bool check_cbor(struct span bytes, struct reason *why);

#endif
