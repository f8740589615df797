/* Text as it travels: one line of UTF-8, cut between characters. */
#ifndef MOTE_TEXT_H
#define MOTE_TEXT_H

#include <stdbool.h>

#include <stddef.h>

#include "bytes.h"

/* A text that is put together piece by piece; what doesn't fit is cut, anywhere. */
struct text {
    char *at;
    size_t size;
    size_t length;
};

/* An empty text in `size` bytes. It has no zero at its end. */
struct text text_in(char *at, size_t size);

/* What is in it, and what is in a string. */
struct span text_span(const struct text *text);
struct span text_of(const char *string);

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t count);
void text_add_unsigned(struct text *text, uint64_t number);
/*
 * A line from bytes that may be anything, decoded as the web does it (https://encoding.spec.whatwg.org/#utf-8-decoder):
 * what is no UTF-8 becomes U+FFFD, of which those at the end are left out: there a character may have been cut. Each
 * run of control characters becomes one space. What doesn't fit is cut between characters.
 */
void text_add_line(struct text *text, const uint8_t *bytes, size_t count);

/* Whether bytes are 1 to ABI_MAX_NAME bytes of UTF-8 without control characters. */
bool text_is_name(const uint8_t *bytes, size_t count);

#endif
