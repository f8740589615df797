/* UTF-8 (RFC 3629), and the rule for text on the wire. The TypeScript twin is host/base/text.ts. */
#ifndef MOTE_UTF8_H
#define MOTE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes the character at the start of `bytes`, of which there is at least one, and returns its length. Returns 0 if
 * there is no character; `*bad` is then the number of bytes that one replacement character stands for, as in
 * https://encoding.spec.whatwg.org/#utf-8-decoder.
 */
size_t utf8_next(const uint8_t *bytes, size_t count, uint32_t *code, size_t *bad);

/* Returns whether the bytes are valid UTF-8: no surrogates, no overlong forms, nothing above U+10FFFF. */
bool utf8_valid(const uint8_t *bytes, size_t count);

/* Returns whether text on the wire may have the character: control characters and non-characters are excluded. */
bool wire_character(uint32_t code);

/* Returns whether the bytes keep the rule for text on the wire (docs/spec/link.md, "Text"). */
bool wire_text(const uint8_t *bytes, size_t count);

#endif
