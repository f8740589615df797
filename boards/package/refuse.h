/* How a package is refused: sentences of two parts, and what is no CBOR. */
#ifndef MOTE_REFUSE_H
#define MOTE_REFUSE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/reason.h"

/* False, with the code and both parts of the sentence in `why`. */
bool refuse(struct reason *why, const char *code, const char *what, const char *rest);

/* True when the bytes are one value in deterministic CBOR and nothing else; otherwise CBOR is in `why`. */
bool check_cbor(struct span bytes, struct reason *why);

#endif
