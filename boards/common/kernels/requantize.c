/* Requantization in 64 bits, for what the short form can't do. */
#include "requantize.h"

int32_t multiply(int32_t value, int32_t multiplier, uint32_t left, uint32_t right)
{
    int64_t product = (int64_t)(int32_t)((uint32_t)value << (left & 31)) * multiplier;
    return halve_and_divide(((product + (1 << 30)) >> 30) & ~(int64_t)1, right);
}
