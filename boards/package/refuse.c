/* Rejects packages that are not CBOR. */
#include "refuse.h"

#include <string.h>

#include "cbor/cbor.h"

_Static_assert((int)CBOR_DEFECT_KEY_ORDER == CBOR_KEY_ORDER - 1, "phrases are in the order of enum cbor_error");

bool check_cbor(struct span bytes, struct reason *why)
{
    struct cbor_reader reader = cbor_read(bytes.bytes, bytes.count);
    cbor_value(&reader);
    return cbor_end(&reader) || refuse_numbers(why, REASON_CBOR, (const uint32_t[]){(uint32_t)reader.error - 1}, 1);
}
