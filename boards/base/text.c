/* Text from modules and for reports. */
#include "text.h"

#include <string.h>

#include "abi.h"
#include "utf8.h"

#define REPLACEMENT 0xfffdu

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

void text_add_line(struct text *text, const uint8_t *bytes, size_t count)
{
    static const char replacement[] = "\xef\xbf\xbd";
    const size_t whole = sizeof replacement - 1;
    /* Replacement characters that are written only if something follows them. */
    size_t held = 0;
    bool in_run = false;
    for (size_t at = 0; at < count;) {
        uint32_t code;
        size_t bad;
        const size_t length = utf8_next(bytes + at, count - at, &code, &bad);
        const char *next = (const char *)bytes + at;
        at += length > 0 ? length : bad;
        const bool space = length > 0 && !wire_character(code);
        const bool again = space && in_run;
        in_run = space;
        if (length == 0 || code == REPLACEMENT) {
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
        const size_t width = space ? 1 : length;
        if (text->size - text->length < width)
            return;
        text_add_bytes(text, space ? " " : next, width);
    }
}

bool text_is_name(const uint8_t *bytes, size_t count)
{
    return count >= 1 && count <= ABI_MAX_NAME && wire_text(bytes, count);
}
