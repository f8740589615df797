/* Decides whether a package may run on this node. */
#ifndef MOTE_VERIFY_H
#define MOTE_VERIFY_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/reason.h"
#include "update/transfer.h"

/* Checks the first chunk of a package, with its signed manifest, before a slot is erased for it. As verify_package. */
bool verify_head(void *context, struct span chunk, const struct slots_offer *offer, struct reason *why);

/*
 * Checks the package in flash that was offered with `sequence`: signature, product, ABI, memory, sensors, exports. `context` is
 * the struct agent. Returns false, with the cause in `why`, if the package must not run.
 */
bool verify_package(void *context, struct span bytes, uint32_t sequence, struct reason *why);

#endif
