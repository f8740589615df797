/* Reader and writer of deterministic CBOR. */
#include "cbor.h"

#include <string.h>

#include "base/utf8.h"

#define FALSE_ITEM 0xf4
#define TRUE_ITEM 0xf5
#define NULL_ITEM 0xf6

/* --- Reader --- */

struct cbor_reader cbor_read(const uint8_t *bytes, size_t count)
{
    return (struct cbor_reader){.at = bytes, .end = bytes + count, .error = CBOR_OK};
}

void cbor_fail(struct cbor_reader *reader, enum cbor_error error)
{
    if (reader->error == CBOR_OK)
        reader->error = error;
}

static size_t left(const struct cbor_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

int cbor_major(struct cbor_reader *reader)
{
    if (reader->error == CBOR_OK && left(reader) == 0)
        cbor_fail(reader, CBOR_TOO_EARLY);
    return reader->error == CBOR_OK ? *reader->at >> 5 : -1;
}

static uint64_t big_endian(const uint8_t *at, unsigned count)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < count; i++)
        value = value << 8 | at[i];
    return value;
}

/* Reads the argument of the next item, which must exist, and moves past its head. */
static uint64_t argument(struct cbor_reader *reader)
{
    /* Arguments of 1, 2, 4 and 8 bytes below these values have a shorter form. */
    static const uint64_t least[4] = {24, 0x100, 0x10000, UINT64_C(0x100000000)};
    const unsigned low = *reader->at & 31;
    if (low < 24) {
        reader->at++;
        return low;
    }
    if (low > 27) {
        cbor_fail(reader, CBOR_INDEFINITE);
        return 0;
    }
    const unsigned bytes = 1u << (low - 24);
    if (left(reader) < 1 + (size_t)bytes) {
        cbor_fail(reader, CBOR_TOO_EARLY);
        return 0;
    }
    const uint64_t value = big_endian(reader->at + 1, bytes);
    if (value < least[low - 24]) {
        cbor_fail(reader, CBOR_NOT_SHORTEST);
        return 0;
    }
    reader->at += 1 + bytes;
    return value;
}

uint64_t cbor_integer(struct cbor_reader *reader, bool *negative)
{
    const int major = cbor_major(reader);
    *negative = major == CBOR_NEGATIVE;
    if (major != CBOR_UINT && major != CBOR_NEGATIVE) {
        cbor_fail(reader, CBOR_WRONG_TYPE);
        return 0;
    }
    return argument(reader);
}

int64_t cbor_int(struct cbor_reader *reader, int64_t min, int64_t max)
{
    bool negative;
    const uint64_t size = cbor_integer(reader, &negative);
    if (reader->error != CBOR_OK)
        return 0;
    const int64_t value = negative ? -1 - (int64_t)(size & INT64_MAX) : (int64_t)(size & INT64_MAX);
    if (size > (uint64_t)CBOR_SAFE || value < min || value > max) {
        cbor_fail(reader, CBOR_OUT_OF_RANGE);
        return 0;
    }
    return value;
}

static uint32_t head(struct cbor_reader *reader, int expected, uint32_t min, uint32_t max)
{
    const int major = cbor_major(reader);
    if (major != expected)
        cbor_fail(reader, CBOR_WRONG_TYPE);
    if (reader->error != CBOR_OK)
        return 0;
    const uint64_t count = argument(reader);
    if (count < min || count > max)
        cbor_fail(reader, CBOR_OUT_OF_RANGE);
    return reader->error == CBOR_OK ? (uint32_t)count : 0;
}

static struct span string(struct cbor_reader *reader, int major, uint32_t min, uint32_t max)
{
    const uint32_t count = head(reader, major, min, max);
    if (count > left(reader))
        cbor_fail(reader, CBOR_TOO_EARLY);
    if (reader->error != CBOR_OK)
        return (struct span){0};
    const struct span span = {.bytes = reader->at, .count = count};
    reader->at += count;
    return span;
}

struct span cbor_bytes(struct cbor_reader *reader, uint32_t min, uint32_t max)
{
    return string(reader, CBOR_BYTES, min, max);
}

struct span cbor_text(struct cbor_reader *reader, uint32_t min, uint32_t max)
{
    const struct span text = string(reader, CBOR_TEXT, min, max);
    if (utf8_valid(text.bytes, text.count))
        return text;
    cbor_fail(reader, CBOR_NOT_UTF8);
    return (struct span){0};
}

uint32_t cbor_array(struct cbor_reader *reader, uint32_t min, uint32_t max)
{
    const uint32_t count = head(reader, CBOR_ARRAY, min, max);
    if (count > left(reader))
        cbor_fail(reader, CBOR_TOO_EARLY);
    return reader->error == CBOR_OK ? count : 0;
}

uint32_t cbor_map(struct cbor_reader *reader, uint32_t min, uint32_t max)
{
    const uint32_t count = head(reader, CBOR_MAP, min, max);
    if (count > left(reader) / 2)
        cbor_fail(reader, CBOR_TOO_EARLY);
    return reader->error == CBOR_OK ? count : 0;
}

uint32_t cbor_tag(struct cbor_reader *reader)
{
    return head(reader, CBOR_TAG, 0, UINT32_MAX);
}

bool cbor_bool(struct cbor_reader *reader)
{
    if (cbor_major(reader) < 0)
        return false;
    const uint8_t first = *reader->at;
    if (first != TRUE_ITEM && first != FALSE_ITEM) {
        cbor_fail(reader, CBOR_WRONG_TYPE);
        return false;
    }
    reader->at++;
    return first == TRUE_ITEM;
}

bool cbor_null(struct cbor_reader *reader)
{
    if (cbor_major(reader) < 0 || *reader->at != NULL_ITEM)
        return false;
    reader->at++;
    return true;
}

bool cbor_end(struct cbor_reader *reader)
{
    if (left(reader) != 0)
        cbor_fail(reader, CBOR_LEFT_OVER);
    return reader->error == CBOR_OK;
}

/* --- Whole values --- */

/* An array, a map or a tag whose items are being read. */
struct container {
    uint32_t left;
    bool map;
    /* In a map: whether a key comes next, where it starts, and the previous key. */
    bool key;
    const uint8_t *key_at;
    struct span last;
};

static int compare(struct span a, struct span b)
{
    const int order = memcmp(a.bytes, b.bytes, a.count < b.count ? a.count : b.count);
    return order != 0 ? order : (a.count > b.count) - (a.count < b.count);
}

/* Checks the key that has just been read. */
static void check_key(struct cbor_reader *reader, struct container *map, bool may_be_key)
{
    const struct span key = {.bytes = map->key_at, .count = (uint32_t)(reader->at - map->key_at)};
    if (!may_be_key)
        cbor_fail(reader, CBOR_KEY);
    else if (map->last.bytes != NULL && compare(map->last, key) >= 0)
        cbor_fail(reader, CBOR_KEY_ORDER);
    map->last = key;
}

/*
 * Reads an item without inner items, or the head of one that has some. Returns whether `inside` describes inner items.
 */
static bool read_head(struct cbor_reader *reader, struct container *inside, bool *may_be_key)
{
    bool negative;
    *may_be_key = false;
    *inside = (struct container){0};
    switch (cbor_major(reader)) {
    case CBOR_UINT:
    case CBOR_NEGATIVE: {
        const uint64_t size = cbor_integer(reader, &negative);
        /* -2^53 is not a safe integer. */
        *may_be_key = size <= (uint64_t)CBOR_SAFE - (negative ? 1 : 0);
        break;
    }
    case CBOR_BYTES:
        cbor_bytes(reader, 0, UINT32_MAX);
        break;
    case CBOR_TEXT:
        cbor_text(reader, 0, UINT32_MAX);
        *may_be_key = true;
        break;
    case CBOR_ARRAY:
        inside->left = cbor_array(reader, 0, UINT32_MAX);
        break;
    case CBOR_MAP:
        inside->left = cbor_map(reader, 0, UINT32_MAX);
        inside->map = inside->key = true;
        inside->key_at = reader->at;
        break;
    case CBOR_TAG:
        cbor_tag(reader);
        inside->left = 1;
        break;
    default:
        if (!cbor_null(reader))
            cbor_bool(reader);
    }
    return reader->error == CBOR_OK && inside->left > 0;
}

/* Counts an item of `container`. Returns whether it was the last one. */
static bool item_done(struct cbor_reader *reader, struct container *container, bool may_be_key)
{
    if (container->map && container->key) {
        check_key(reader, container, may_be_key);
        container->key = false;
        return false;
    }
    container->key = true;
    container->key_at = reader->at;
    return --container->left == 0;
}

struct span cbor_value(struct cbor_reader *reader)
{
    struct container open[CBOR_MAX_DEPTH + 1];
    unsigned depth = 0;
    const uint8_t *const start = reader->at;
    do {
        bool may_be_key;
        if (depth > CBOR_MAX_DEPTH) {
            cbor_fail(reader, CBOR_TOO_DEEP);
            break;
        }
        if (read_head(reader, &open[depth], &may_be_key)) {
            depth++;
            continue;
        }
        while (reader->error == CBOR_OK && depth > 0 && item_done(reader, &open[depth - 1], may_be_key)) {
            depth--;
            may_be_key = false;
        }
    } while (reader->error == CBOR_OK && depth > 0);
    if (reader->error != CBOR_OK)
        return (struct span){0};
    return (struct span){.bytes = start, .count = (uint32_t)(reader->at - start)};
}

/* --- Writer --- */

struct cbor_writer cbor_write(uint8_t *bytes, size_t size)
{
    return (struct cbor_writer){.bytes = bytes, .size = size, .length = 0};
}

void cbor_put_raw(struct cbor_writer *writer, const uint8_t *bytes, size_t count)
{
    if (count > 0 && writer->length <= writer->size && count <= writer->size - writer->length)
        memcpy(writer->bytes + writer->length, bytes, count);
    writer->length += count;
}

/* Writes the initial byte and the argument in the shortest form. */
static void put_head(struct cbor_writer *writer, enum cbor_major major, uint64_t value)
{
    uint8_t head[9];
    const unsigned first = (unsigned)major << 5;
    const unsigned size = value < 24 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 : value <= UINT32_MAX ? 4 : 8;
    /* The values 24, 25, 26 and 27 stand for an argument of 1, 2, 4 and 8 bytes. */
    const unsigned low = size == 0 ? (unsigned)value : size == 8 ? 27 : 24 + size / 2;
    head[0] = (uint8_t)(first | low);
    for (unsigned i = 0; i < size; i++)
        head[1 + i] = (uint8_t)(value >> 8 * (size - 1 - i));
    cbor_put_raw(writer, head, 1 + size);
}

void cbor_put_int(struct cbor_writer *writer, int64_t value)
{
    if (value < 0)
        put_head(writer, CBOR_NEGATIVE, (uint64_t)(-1 - value));
    else
        put_head(writer, CBOR_UINT, (uint64_t)value);
}

void cbor_put_bytes(struct cbor_writer *writer, const uint8_t *bytes, size_t count)
{
    put_head(writer, CBOR_BYTES, count);
    cbor_put_raw(writer, bytes, count);
}

void cbor_put_text(struct cbor_writer *writer, struct span text)
{
    put_head(writer, CBOR_TEXT, text.count);
    cbor_put_raw(writer, text.bytes, text.count);
}

void cbor_put_array(struct cbor_writer *writer, size_t count)
{
    put_head(writer, CBOR_ARRAY, count);
}

void cbor_put_map(struct cbor_writer *writer, size_t count)
{
    put_head(writer, CBOR_MAP, count);
}

void cbor_put_tag(struct cbor_writer *writer, uint32_t tag)
{
    put_head(writer, CBOR_TAG, tag);
}

void cbor_put_bool(struct cbor_writer *writer, bool value)
{
    const uint8_t item = value ? TRUE_ITEM : FALSE_ITEM;
    cbor_put_raw(writer, &item, 1);
}

void cbor_put_null(struct cbor_writer *writer)
{
    const uint8_t item = NULL_ITEM;
    cbor_put_raw(writer, &item, 1);
}
