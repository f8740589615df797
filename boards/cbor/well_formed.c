/*
 * Checks CBOR that others wrote and that is passed on unchanged: everything that RFC 8949 allows. As in its appendix C,
 * UTF-8 and duplicate keys are not checked.
 */
#include "cbor.h"

#define BREAK 0xff

/* An item whose inner items are being read. */
struct level {
    uint8_t major;
    bool indefinite;
    /* For an indefinite length: whether the number of items so far is odd. */
    bool odd;
    /* For a definite length: how many items remain. */
    uint32_t left;
};

struct look {
    const uint8_t *at;
    const uint8_t *end;
    unsigned depth;
    unsigned open;
    struct level levels[CBOR_MAX_LEVELS];
};

static bool is_string(unsigned major)
{
    return major == CBOR_BYTES || major == CBOR_TEXT;
}

/* Returns whether a byte may start an item here: chunks of a string must be definite strings of the same type. */
static bool may_begin(const struct look *look, uint8_t first)
{
    if (look->open == look->depth)
        return false;
    const struct level *around = look->open > 0 ? &look->levels[look->open - 1] : NULL;
    if (around == NULL || !around->indefinite || !is_string(around->major))
        return true;
    return first >> 5 == around->major && (first & 31) != 31;
}

static void enter(struct look *look, unsigned major, bool indefinite, uint32_t count)
{
    look->levels[look->open++] = (struct level){.major = (uint8_t)major, .indefinite = indefinite, .left = count};
}

/*
 * Moves past the head of an item, and past the bytes of a string. `*whole` says whether the item is complete. Returns
 * false if it is not well-formed.
 */
static bool pass(struct look *look, bool *whole)
{
    const uint8_t first = *look->at++;
    const unsigned major = first >> 5;
    const unsigned low = first & 31;
    *whole = true;
    if (low == 31) {
        *whole = false;
        if (major < CBOR_BYTES || major > CBOR_MAP)
            return false;
        enter(look, major, true, 0);
        return true;
    }
    if (low > 27)
        return false;
    const unsigned bytes = low < 24 ? 0 : 1u << (low - 24);
    if (bytes > (size_t)(look->end - look->at))
        return false;
    uint64_t argument = low < 24 ? low : 0;
    for (unsigned i = 0; i < bytes; i++)
        argument = argument << 8 | *look->at++;
    const uint64_t rest = (uint64_t)(look->end - look->at);
    /* RFC 8949, section 3.3, forbids a simple value below 32 in two bytes. */
    if (major == CBOR_SIMPLE)
        return low != 24 || argument >= 32;
    if (major < CBOR_BYTES)
        return true;
    if (is_string(major)) {
        if (argument > rest)
            return false;
        look->at += argument;
        return true;
    }
    /* Each item takes at least one byte. */
    if (major != CBOR_TAG && argument > rest)
        return false;
    const uint64_t items = major == CBOR_TAG ? 1 : major == CBOR_MAP ? argument * 2 : argument;
    if (items > rest)
        return false;
    if (items > 0) {
        enter(look, major, false, (uint32_t)items);
        *whole = false;
    }
    return true;
}

bool cbor_well_formed(const uint8_t *bytes, size_t count, unsigned depth)
{
    struct look look = {.at = bytes, .end = bytes + count, .depth = depth < CBOR_MAX_LEVELS ? depth : CBOR_MAX_LEVELS};
    do {
        bool whole = true;
        if (look.at == look.end)
            return false;
        const struct level *around = look.open > 0 ? &look.levels[look.open - 1] : NULL;
        if (around != NULL && around->indefinite && *look.at == BREAK) {
            if (around->major == CBOR_MAP && around->odd)
                return false;
            look.at++;
            look.open--;
        } else if (!may_begin(&look, *look.at) || !pass(&look, &whole)) {
            return false;
        }
        while (whole && look.open > 0) {
            struct level *outer = &look.levels[look.open - 1];
            outer->odd = !outer->odd;
            if (outer->indefinite || --outer->left > 0)
                break;
            look.open--;
        }
    } while (look.open > 0);
    return look.at == look.end;
}
