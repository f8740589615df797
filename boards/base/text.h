/* Text as messages carry it: one line of UTF-8, cut between characters. */
#ifndef MOTE_TEXT_H
#define MOTE_TEXT_H

#include <stdbool.h>

#include <stddef.h>

#include "bytes.h"

/* A text that is built piece by piece. What does not fit is cut. */
struct text {
    char *at;
    size_t size;
    size_t length;
};

/* Returns an empty text in a buffer of `size` bytes. It is not terminated by a zero. */
struct text text_in(char *at, size_t size);

/* The contents of a text, and of a string, as spans. */
struct span text_span(const struct text *text);
struct span text_of(const char *string);

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t count);
void text_add_unsigned(struct text *text, uint64_t number);
/*
 * Adds one line from arbitrary bytes, which are decoded as in https://encoding.spec.whatwg.org/#utf-8-decoder: invalid
 * bytes become U+FFFD, except at the end, where a character may have been cut. Each run of characters that text on the
 * wire can't have (utf8.h) becomes one space. What does not fit is cut between characters.
 */
void text_add_line(struct text *text, const uint8_t *bytes, size_t count);

/* Returns whether the bytes are a name: 1 to ABI_MAX_NAME bytes of text on the wire (utf8.h). */
bool text_is_name(const uint8_t *bytes, size_t count);

#endif
