/* How a package is rejected that is no CBOR. */
#ifndef MOTE_REFUSE_H
#define MOTE_REFUSE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/reason.h"

/* True when the bytes are one value in deterministic CBOR and nothing else; otherwise REASON_CBOR is in `why`. */
bool check_cbor(struct span bytes, struct reason *why);

#endif
