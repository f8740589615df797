/* What outlives a reset: why it happened. Kept in memory that start-up doesn't clear, with a checksum, since power leaves it random. */
#ifndef MOTE_RETAINED_H
#define MOTE_RETAINED_H

#include "platform/hal.h"

/* A process hands these bytes to the one that follows it; a chip leaves them where they are. */
extern struct retained {
    uint32_t reason;
    uint32_t starts;
    struct hal_fault fault;
    uint32_t noted;
    uint32_t crc;
} retained;

/* Reads what the last life left, and counts this start. Once, before anything else of this file. */
void retained_start(void);

/* Written just before a reset. The first reason stays: what follows a fault isn't the cause. */
void retained_note(enum hal_boot reason, const struct hal_fault *fault);

/* A chip that knows it: a reset that nobody could note was for this reason, and not from outside. Once, after retained_start. */
void retained_unnoted(enum hal_boot reason);

#endif
