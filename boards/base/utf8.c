/* Decodes each character and checks that it has its shortest form and exists. */
#include "utf8.h"

bool utf8_valid(const uint8_t *bytes, size_t count)
{
    static const uint32_t least[4] = {0, 0x80, 0x800, 0x10000};
    for (size_t i = 0; i < count;) {
        uint8_t first = bytes[i++];
        if (first < 0x80)
            continue;
        size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
        if (first < 0xc0 || first > 0xf4 || count - i < more)
            return false;
        uint32_t code = first & (0x3fu >> more);
        for (size_t n = 0; n < more; n++) {
            if ((bytes[i] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (bytes[i++] & 0x3fu);
        }
        if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
            return false;
    }
    return true;
}
