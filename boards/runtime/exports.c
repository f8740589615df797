/* Finds exports in the bytes of a module. Sections are read in place, and every read is bounded. */
#include "exports.h"

#include <stddef.h>
#include <string.h>

enum { SECTION_IMPORT = 2, SECTION_GLOBAL = 6, SECTION_EXPORT = 7 };
enum { OPCODE_I32_CONST = 0x41, OPCODE_F32_CONST = 0x43, OPCODE_F64_CONST = 0x44, TYPE_I32 = 0x7f, HEADER_BYTES = 8 };

/* The bytes that are left to read; none after an error. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
};

static void stop(struct reader *reader)
{
    reader->at = reader->end;
}

static uint8_t read_byte(struct reader *reader)
{
    return reader->at < reader->end ? *reader->at++ : 0;
}

/* LEB128 of at most five bytes. A signed number is also accepted if its bytes end within these. */
static uint32_t read_u32(struct reader *reader)
{
    uint32_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        const uint32_t byte = read_byte(reader);
        value |= (byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return value;
    }
    stop(reader);
    return 0;
}

static int32_t read_i32(struct reader *reader)
{
    const uint8_t *from = reader->at;
    uint32_t value = read_u32(reader);
    const ptrdiff_t bytes = reader->at - from;
    if (bytes > 0 && bytes < 5 && (reader->at[-1] & 0x40) != 0)
        value |= UINT32_MAX << (7 * bytes);
    return (int32_t)value;
}

static void skip_leb(struct reader *reader)
{
    while ((read_byte(reader) & 0x80) != 0) {
    }
}

static const uint8_t *read_bytes(struct reader *reader, uint32_t count)
{
    const uint8_t *from = reader->at;
    if (count > (size_t)(reader->end - reader->at))
        stop(reader);
    else
        reader->at += count;
    return from;
}

/* Returns the contents of a section, empty if there is none. */
static struct reader section(const uint8_t *wasm, uint32_t count, uint8_t wanted)
{
    struct reader all = {wasm, wasm + count};
    read_bytes(&all, HEADER_BYTES);
    while (all.at < all.end) {
        const uint8_t id = read_byte(&all);
        const uint32_t size = read_u32(&all);
        const uint8_t *from = read_bytes(&all, size);
        if (id == wanted && size <= (size_t)(all.end - from))
            return (struct reader){from, from + size};
    }
    return all;
}

int32_t export_find(const uint8_t *wasm, uint32_t count, enum export_kind kind, const char *name)
{
    struct reader exports = section(wasm, count, SECTION_EXPORT);
    const size_t wanted = strlen(name);
    for (uint32_t left = read_u32(&exports); left > 0 && exports.at < exports.end; left--) {
        const uint32_t length = read_u32(&exports);
        const uint8_t *text = read_bytes(&exports, length);
        const bool more = exports.at < exports.end;
        const uint8_t found = read_byte(&exports);
        const uint32_t index = read_u32(&exports);
        if (more && found == kind && length == wanted && memcmp(text, name, wanted) == 0)
            return index <= INT32_MAX ? (int32_t)index : -1;
    }
    return -1;
}

/* Returns whether a module imports globals, which would precede its own. No module of a node does. */
static bool imports_globals(const uint8_t *wasm, uint32_t count)
{
    struct reader imports = section(wasm, count, SECTION_IMPORT);
    for (uint32_t left = read_u32(&imports); left > 0 && imports.at < imports.end; left--) {
        read_bytes(&imports, read_u32(&imports));
        read_bytes(&imports, read_u32(&imports));
        if (read_byte(&imports) != 0)
            return true;
        read_u32(&imports);
    }
    return false;
}

bool export_constant(const uint8_t *wasm, uint32_t count, const char *name, uint32_t *value)
{
    const int32_t index = export_find(wasm, count, EXPORT_GLOBAL, name);
    if (index < 0 || imports_globals(wasm, count))
        return false;
    struct reader globals = section(wasm, count, SECTION_GLOBAL);
    if ((uint32_t)index >= read_u32(&globals))
        return false;
    for (int32_t i = 0; globals.at < globals.end; i++) {
        const uint8_t type = read_byte(&globals);
        const uint8_t changes = read_byte(&globals);
        const uint8_t opcode = read_byte(&globals);
        if (i == index) {
            *value = (uint32_t)read_i32(&globals);
            return type == TYPE_I32 && changes == 0 && opcode == OPCODE_I32_CONST && globals.at < globals.end;
        }
        /* Moves to the end of the initial value, whose bytes may contain the code of an end. */
        if (opcode == OPCODE_F32_CONST || opcode == OPCODE_F64_CONST)
            read_bytes(&globals, opcode == OPCODE_F32_CONST ? 4 : 8);
        else
            skip_leb(&globals);
        read_byte(&globals);
    }
    return false;
}
