/* Comparison of bytes. */
#include "bytes.h"

#include <string.h>

bool spans_equal(struct span a, struct span b)
{
    return a.count == b.count && (a.count == 0 || memcmp(a.bytes, b.bytes, a.count) == 0);
}
