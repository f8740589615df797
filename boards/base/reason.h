/*
 * Why something was rejected or rolled back: a sentence of abi/errors.json by its number, with its arguments. It
 * travels and lies in flash as it is; the host has the sentence.
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
    /* An enum reason_number, also of another version; REASON_NONE: there is no reason. */
    uint16_t number;
    /* An enum reason_during. */
    uint8_t during;
    uint8_t count;
    uint8_t text_bytes;
    int64_t numbers[REASON_NUMBERS];
    /* UTF-8, on one line. */
    char text[REASON_TEXT_BYTES];
};

/* A reason without arguments. Returns false, so that a function that returns whether it worked can return this. */
bool refuse(struct reason *why, enum reason_number number);

/* The same with numbers, up to REASON_NUMBERS. */
bool refuse_numbers(struct reason *why, enum reason_number number, const uint32_t *numbers, uint32_t count);

/* One more number. */
void reason_add(struct reason *reason, int64_t number);

/* The text, as a line (text.h); what doesn't fit is cut between characters. */
void reason_text(struct reason *reason, struct span text);

#endif
