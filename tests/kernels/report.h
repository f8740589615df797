/* Output of text and numbers without the C library's formatted output, which a bare board would have to contain. */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

#include "platform/emulated/host.h"

static inline void report(const char *text)
{
    host_print(text);
}

static inline void report_number(uint64_t value)
{
    char digits[21];
    char *at = digits + sizeof(digits) - 1;
    *at = 0;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    host_print(at);
}

#endif
