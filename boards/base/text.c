/* Text from modules and for reports. */
#include "text.h"

#include <string.h>

#include "abi.h"
#include "utf8.h"

struct text text_in(char *at, size_t size)
{
    return (struct text){.at = at, .size = size, .length = 0};
}

struct span text_span(const struct text *text)
{
    return (struct span){(const uint8_t *)text->at, (uint32_t)text->length};
}

struct span text_of(const char *string)
{
    return (struct span){(const uint8_t *)string, (uint32_t)strlen(string)};
}

void text_add_bytes(struct text *text, const char *bytes, size_t count)
{
    const size_t space = text->size - text->length;
    const size_t part = count < space ? count : space;
    if (part > 0)
        memcpy(text->at + text->length, bytes, part);
    text->length += part;
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

void text_add_unsigned(struct text *text, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    text_add_bytes(text, digits + at, sizeof digits - at);
}

/*
 * Returns the length of the character at the start of `bytes`, which has at least one byte. Returns 0 if there is no
 * character there; `*bad` is then the number of bytes that one replacement character stands for.
 */
static size_t character(const uint8_t *bytes, size_t count, size_t *bad)
{
    const uint8_t first = bytes[0];
    *bad = 1;
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    const size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    /* The bounds of the second byte exclude overlong forms, surrogates and code points above U+10FFFF. */
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    for (size_t i = 1; i < length; i++) {
        if (i >= count || bytes[i] < low || bytes[i] > high) {
            *bad = i;
            return 0;
        }
        low = 0x80;
        high = 0xbf;
    }
    return length;
}

static bool is_control(uint8_t byte)
{
    return byte < 0x20 || byte == 0x7f;
}

void text_add_line(struct text *text, const uint8_t *bytes, size_t count)
{
    static const char replacement[] = "\xef\xbf\xbd";
    const size_t whole = sizeof replacement - 1;
    /* Replacement characters that are written only if something follows them. */
    size_t held = 0;
    bool in_run = false;
    for (size_t at = 0; at < count;) {
        size_t bad;
        const size_t length = character(bytes + at, count - at, &bad);
        const uint8_t *next = bytes + at;
        at += length > 0 ? length : bad;
        const bool control = length == 1 && is_control(*next);
        const bool again = control && in_run;
        in_run = control;
        if (length == 0 || (length == whole && memcmp(next, replacement, whole) == 0)) {
            held++;
            continue;
        }
        if (again)
            continue;
        for (; held > 0; held--) {
            if (text->size - text->length < whole)
                return;
            text_add(text, replacement);
        }
        if (text->size - text->length < length)
            return;
        text_add_bytes(text, control ? " " : (const char *)next, length);
    }
}

bool text_is_name(const uint8_t *bytes, size_t count)
{
    if (count < 1 || count > ABI_MAX_NAME || !utf8_valid(bytes, count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (is_control(bytes[i]))
            return false;
    return true;
}
