/* Decodes each character and checks that it has its shortest form and exists. */
#include "utf8.h"

size_t utf8_next(const uint8_t *bytes, size_t count, uint32_t *code, size_t *bad)
{
    const uint8_t first = bytes[0];
    *bad = 1;
    *code = first;
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    const size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    /* The bounds of the second byte exclude overlong forms, surrogates and code points above U+10FFFF. */
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    *code = first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (i >= count || bytes[i] < low || bytes[i] > high) {
            *bad = i;
            return 0;
        }
        *code = *code << 6 | (bytes[i] & 0x3fu);
        low = 0x80;
        high = 0xbf;
    }
    return length;
}

bool wire_character(uint32_t code)
{
    const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    const bool none = (code >= 0xfdd0 && code < 0xfdf0) || (code & 0xfffe) == 0xfffe;
    return !control && !none;
}

static bool check(const uint8_t *bytes, size_t count, bool any)
{
    for (size_t i = 0; i < count;) {
        uint32_t code;
        size_t bad;
        const size_t length = utf8_next(bytes + i, count - i, &code, &bad);
        if (length == 0 || (!any && !wire_character(code)))
            return false;
        i += length;
    }
    return true;
}

bool utf8_valid(const uint8_t *bytes, size_t count)
{
    return check(bytes, count, true);
}

bool wire_text(const uint8_t *bytes, size_t count)
{
    return check(bytes, count, false);
}
