/*
 * Deterministic CBOR (RFC 8949, section 4.2.1), read and written item by item in buffers that the caller has. The
 * reader takes nothing else: only definite lengths, only the shortest form, only valid UTF-8, no floats; the same as
 * host/base/cbor in TypeScript.
 */
#ifndef MOTE_CBOR_H
#define MOTE_CBOR_H

#include <stdbool.h>

#include "base/bytes.h"

/* Major types. */
enum cbor_major {
    CBOR_UINT = 0,
    CBOR_NEGATIVE = 1,
    CBOR_BYTES = 2,
    CBOR_TEXT = 3,
    CBOR_ARRAY = 4,
    CBOR_MAP = 5,
    CBOR_TAG = 6,
    CBOR_SIMPLE = 7,
};

/* 2^53 - 1, the largest integer that every reader of a link takes. */
#define CBOR_SAFE INT64_C(9007199254740991)
/* Arrays, maps and tags around an item, for `cbor_value`. */
#define CBOR_MAX_DEPTH 16

/* What was refused; the sentences of host/base/cbor/reader.ts, without their numbers. */
enum cbor_error {
    CBOR_OK = 0,
    CBOR_TOO_EARLY,     /* it, a string, an array or a map ends too early */
    CBOR_WRONG_TYPE,    /* another major type, or no boolean */
    CBOR_OUT_OF_RANGE,  /* an integer, a length or a count is not in min..max, or an integer is beyond 2^53 */
    CBOR_NOT_SHORTEST,  /* a number is not in its shortest form */
    CBOR_INDEFINITE,    /* an indefinite or reserved length */
    CBOR_NOT_UTF8,      /* a text is not UTF-8 */
    CBOR_LEFT_OVER,     /* bytes are left over */
    CBOR_TOO_DEEP,      /* items are nested more than CBOR_MAX_DEPTH deep */
    CBOR_KEY,           /* a map key is neither an integer within 2^53 nor a text */
    CBOR_KEY_ORDER,     /* map keys are repeated or out of order */
};

/*
 * After the first error every call returns 0, false or an empty span and changes nothing, so a caller may read a whole
 * record and ask once, but must not use counts from it before.
 */
struct cbor_reader {
    const uint8_t *at;
    const uint8_t *end;
    enum cbor_error error;
};

struct cbor_reader cbor_read(const uint8_t *bytes, size_t count);

/* Major type of the next item; -1 at the end or after an error, and it is one to ask for it at the end. */
int cbor_major(struct cbor_reader *reader);

/* An integer in min..max, which are within +-CBOR_SAFE. */
int64_t cbor_int(struct cbor_reader *reader, int64_t min, int64_t max);

/* Any integer of -2^64..2^64 - 1: `*negative` means -1 - the result. */
uint64_t cbor_integer(struct cbor_reader *reader, bool *negative);

/* A string of min..max bytes, where it lies. */
struct span cbor_bytes(struct cbor_reader *reader, uint32_t min, uint32_t max);
struct span cbor_text(struct cbor_reader *reader, uint32_t min, uint32_t max);

/*
 * Number of items of an array or of pairs of a map, in min..max, which come next. There is a byte at least for each
 * item.
 */
uint32_t cbor_array(struct cbor_reader *reader, uint32_t min, uint32_t max);
uint32_t cbor_map(struct cbor_reader *reader, uint32_t min, uint32_t max);

/* Tag of the next item, of at most 32 bits. */
uint32_t cbor_tag(struct cbor_reader *reader);
bool cbor_bool(struct cbor_reader *reader);

/* True, and past it, when null comes next. */
bool cbor_null(struct cbor_reader *reader);

/*
 * Past one whole value, which it checks as host/base/cbor/value.ts does: nested at most CBOR_MAX_DEPTH deep, keys of maps
 * are integers or texts in ascending order of their bytes. The span is its encoding.
 */
struct span cbor_value(struct cbor_reader *reader);

/* Nothing may be left. True when there was no error at all. */
bool cbor_end(struct cbor_reader *reader);

/* Notes an error of the caller's own, unless there was one before. */
void cbor_fail(struct cbor_reader *reader, enum cbor_error error);

/*
 * Writes into `size` bytes and counts on when they are full, without writing: first with a size of 0 to know how many
 * it takes. What was written is whole when `length <= size`.
 */
struct cbor_writer {
    uint8_t *bytes;
    size_t size;
    size_t length;
};

struct cbor_writer cbor_write(uint8_t *bytes, size_t size);

void cbor_put_int(struct cbor_writer *writer, int64_t value);
void cbor_put_bytes(struct cbor_writer *writer, const uint8_t *bytes, size_t count);
void cbor_put_text(struct cbor_writer *writer, struct span text);
void cbor_put_array(struct cbor_writer *writer, size_t count);
void cbor_put_map(struct cbor_writer *writer, size_t count);
void cbor_put_tag(struct cbor_writer *writer, uint32_t tag);
void cbor_put_bool(struct cbor_writer *writer, bool value);
void cbor_put_null(struct cbor_writer *writer);
/* Bytes that are CBOR already. */
void cbor_put_raw(struct cbor_writer *writer, const uint8_t *bytes, size_t count);

/*
 * True when `bytes` are exactly one well-formed item (RFC 8949, appendix C) of any kind, deterministic or not, at most
 * `depth` levels deep, itself counted (16 for the body of an event; at most CBOR_MAX_LEVELS). For items that others
 * wrote and that are passed on.
 */
#define CBOR_MAX_LEVELS 16
bool cbor_well_formed(const uint8_t *bytes, size_t count, unsigned depth);

#endif
