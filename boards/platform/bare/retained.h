/*
 * Memory that a reset retains: the reason of the reset. Start-up does not clear it. A checksum detects the random
 * contents after power on.
 */
#ifndef MOTE_RETAINED_H
#define MOTE_RETAINED_H

#include "platform/hal.h"

/* On a chip these bytes stay in place; a process passes them to its successor. */
extern struct retained {
    uint32_t reason;
    uint32_t starts;
    struct hal_fault fault;
    uint32_t noted;
    uint32_t crc;
} retained;

/* Reads what the previous run left, and counts this start. Call it once, before anything else of this file. */
void retained_start(void);

/*
 * Records the reason just before a reset. The first reason stays, because a fault that follows a fault is not the
 * cause.
 */
void retained_note(enum hal_boot reason, const struct hal_fault *fault);

/*
 * For a chip that knows the reason of a reset: a reset without a note had this one and did not come from outside. Call
 * it once, after retained_start.
 */
void retained_unnoted(enum hal_boot reason);

#endif
