/*
 * Why something was rejected or rolled back: the number of a sentence in abi/errors.json, and its arguments. The link
 * and the flash carry exactly this; the host has the sentences.
 */
#ifndef MOTE_REASON_H
#define MOTE_REASON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "constants.h"
#include "sentences.h"

struct reason {
    /* An enum reason_number, possibly of another version; REASON_NONE for no reason. */
    uint16_t number;
    /* An enum reason_during. */
    uint8_t during;
    uint8_t count;
    uint8_t text_bytes;
    int64_t numbers[REASON_NUMBERS];
    /* UTF-8, on one line. */
    char text[REASON_TEXT_BYTES];
};

/* Sets a reason without arguments. Returns false, so that a function that reports failure can return the result. */
bool refuse(struct reason *why, enum reason_number number);

/* Sets a reason with numbers, at most REASON_NUMBERS. */
bool refuse_numbers(struct reason *why, enum reason_number number, const uint32_t *numbers, uint32_t count);

/* Adds one more number. */
void reason_add(struct reason *reason, int64_t number);

/* Sets the text as one line (text.h). Text that does not fit is cut between characters. */
void reason_text(struct reason *reason, struct span text);

#endif
