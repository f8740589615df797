/*
 * Deterministic CBOR (RFC 8949, section 4.2.1), read and written item by item in buffers of the caller. The reader
 * accepts only definite lengths, shortest forms and valid UTF-8, and no floats. The TypeScript twin is host/base/cbor.
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

/* 2^53 - 1, the largest integer that every reader of a link accepts. */
#define CBOR_SAFE INT64_C(9007199254740991)
/* The deepest nesting of arrays, maps and tags that `cbor_value` accepts. */
#define CBOR_MAX_DEPTH 16

/* Why the reader rejected the input. */
enum cbor_error {
    CBOR_OK = 0,
    CBOR_TOO_EARLY,     /* the input, a string, an array or a map ends too early */
    CBOR_WRONG_TYPE,    /* another major type, or not a boolean */
    CBOR_OUT_OF_RANGE,  /* an integer, a length or a count is outside min..max, or an integer is beyond 2^53 */
    CBOR_NOT_SHORTEST,  /* a number is not in its shortest form */
    CBOR_INDEFINITE,    /* an indefinite or reserved length */
    CBOR_NOT_UTF8,      /* a text is not valid UTF-8 */
    CBOR_LEFT_OVER,     /* bytes are left over */
    CBOR_TOO_DEEP,      /* items are nested more than CBOR_MAX_DEPTH deep */
    CBOR_KEY,           /* a map key is neither an integer within 2^53 nor a text */
    CBOR_KEY_ORDER,     /* map keys are repeated or out of order */
};

/*
 * After the first error every call returns 0, false or an empty span and changes nothing. A caller may therefore read a
 * whole record and check for an error once, but must not use counts from it before that.
 */
struct cbor_reader {
    const uint8_t *at;
    const uint8_t *end;
    enum cbor_error error;
};

struct cbor_reader cbor_read(const uint8_t *bytes, size_t count);

/* Returns the major type of the next item, or -1 after an error or at the end, which counts as an error. */
int cbor_major(struct cbor_reader *reader);

/* Reads an integer in min..max, which must be within +-CBOR_SAFE. */
int64_t cbor_int(struct cbor_reader *reader, int64_t min, int64_t max);

/* Reads any integer in -2^64..2^64 - 1. `*negative` means that the value is -1 - result. */
uint64_t cbor_integer(struct cbor_reader *reader, bool *negative);

/* Reads a string of min..max bytes. The span points into the input. */
struct span cbor_bytes(struct cbor_reader *reader, uint32_t min, uint32_t max);
struct span cbor_text(struct cbor_reader *reader, uint32_t min, uint32_t max);

/*
 * Reads the number of items of an array, or of pairs of a map, in min..max. The items come next and take at least one
 * byte each.
 */
uint32_t cbor_array(struct cbor_reader *reader, uint32_t min, uint32_t max);
uint32_t cbor_map(struct cbor_reader *reader, uint32_t min, uint32_t max);

/* Reads a tag of at most 32 bits. */
uint32_t cbor_tag(struct cbor_reader *reader);
bool cbor_bool(struct cbor_reader *reader);

/* Returns whether null comes next, and moves past it. */
bool cbor_null(struct cbor_reader *reader);

/*
 * Moves past one whole value and checks it as host/base/cbor/value.ts does: at most CBOR_MAX_DEPTH levels of nesting,
 * and map keys that are integers or texts in ascending order of their bytes. Returns its encoding.
 */
struct span cbor_value(struct cbor_reader *reader);

/* Checks that nothing is left. Returns whether there was no error at all. */
bool cbor_end(struct cbor_reader *reader);

/* Records an error of the caller, unless there was one before. */
void cbor_fail(struct cbor_reader *reader, enum cbor_error error);

/*
 * Writes into `size` bytes. If they are full, it goes on counting without writing: write with a size of 0 first to find
 * out the length. The output is complete if `length <= size`.
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
/* Writes bytes that are CBOR already. */
void cbor_put_raw(struct cbor_writer *writer, const uint8_t *bytes, size_t count);

/*
 * Returns whether the bytes are exactly one well-formed item (RFC 8949, appendix C), deterministic or not, with at most
 * `depth` levels, at most CBOR_MAX_LEVELS. For items that others wrote and that are passed on unchanged.
 */
#define CBOR_MAX_LEVELS 16
bool cbor_well_formed(const uint8_t *bytes, size_t count, unsigned depth);

#endif
