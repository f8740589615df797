/* The sentences are those of host/base/cbor/reader.ts and value.ts, without their numbers. */
#include "refuse.h"

#include <string.h>

#include "cbor/cbor.h"

static const char *const SENTENCES[] = {
    [CBOR_TOO_EARLY] = "it ends too early",
    [CBOR_WRONG_TYPE] = "an item is of another type",
    [CBOR_OUT_OF_RANGE] = "a number is out of its range",
    [CBOR_NOT_SHORTEST] = "a number is not in its shortest form",
    [CBOR_INDEFINITE] = "an indefinite or reserved length",
    [CBOR_NOT_UTF8] = "a text is not UTF-8",
    [CBOR_LEFT_OVER] = "bytes are left over",
    [CBOR_TOO_DEEP] = "items are nested more than 16 deep",
    [CBOR_KEY] = "a map key is neither an integer within 2^53 nor a text",
    [CBOR_KEY_ORDER] = "map keys are repeated or out of order",
};

bool refuse(struct reason *why, const char *code, const char *what, const char *rest)
{
    reason_set(why, code, what);
    reason_add(why, rest);
    return false;
}

bool check_cbor(struct span bytes, struct reason *why)
{
    struct cbor_reader reader = cbor_read(bytes.bytes, bytes.count);
    cbor_value(&reader);
    if (cbor_end(&reader))
        return true;
    refuse(why, "CBOR", "CBOR is refused: ", SENTENCES[reader.error]);
    reason_add(why, "; the data is damaged or wasn't written by moteware.");
    return false;
}
