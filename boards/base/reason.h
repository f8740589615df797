/*
 * Why something was refused or rolled back: a stable code and a sentence, as they travel in statuses and stay in the
 * slot journal.
 */
#ifndef MOTE_REASON_H
#define MOTE_REASON_H

#include <stddef.h>
#include <stdint.h>

#define REASON_CODE_BYTES 32
#define REASON_TEXT_BYTES 160

/* Both end with a zero. No code, no reason. */
struct reason {
    char code[REASON_CODE_BYTES + 1];
    char text[REASON_TEXT_BYTES + 1];
};

/* What doesn't fit is cut between characters of UTF-8. */
void reason_set(struct reason *reason, const char *code, const char *text);

/* Texts that aren't strings; a zero in them ends them. */
void reason_set_bytes(struct reason *reason, const uint8_t *code, size_t code_len, const uint8_t *text,
                      size_t text_len);

/* Each # of the text becomes the next number. */
void reason_set_numbers(struct reason *reason, const char *code, const char *text, const uint32_t *numbers);

/* Makes the sentence longer. */
void reason_add(struct reason *reason, const char *text);
void reason_add_number(struct reason *reason, uint32_t number);

#endif
