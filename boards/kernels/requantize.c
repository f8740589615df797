/* Requantization in 64 bits, for values that the short form does not cover, and of groups. */
#include "requantize.h"

int32_t multiply(int32_t value, int32_t multiplier, uint32_t left, uint32_t right)
{
    int64_t product = (int64_t)(int32_t)((uint32_t)value << (left & 31)) * multiplier;
    return halve_and_divide(((product + (1 << 30)) >> 30) & ~(int64_t)1, right);
}

/*
 * For an output with the whole range of int8. Returns false, with the outputs unfinished, if the short form does not
 * apply.
 */
static inline bool group_quickly(const int32_t sums[4], const uint8_t *group, uint32_t lanes, int32_t zero,
                                 uint8_t *output)
{
#pragma GCC unroll 4
    for (uint32_t lane = 0; lane < lanes; lane++, group += 4) {
        /* The left shift above the right one, so that one comparison checks both. */
        uint32_t shifts = get_u16(group + 32);
        shifts = shifts >> 8 | shifts << 24;
        int32_t sum = sums[lane];
        int32_t multiplier = (int32_t)get_u32(group + 16);
        if (shifts - 1 >= SHORT_FORM_RIGHT || (wrapping_add(sum, SHORT_FORM_SUM) | multiplier) < 0)
            return false;
        int32_t value = multiply_rounded_add(2 * sum, multiplier, 1 << (shifts - 1));
        output[lane] = (uint8_t)clamp_to_int8(((value + (sum >> 31)) >> shifts) + zero);
    }
    return true;
}

void requantize_group(const int32_t sums[4], const uint8_t *group, uint32_t lanes, const struct output_range *range,
                      uint8_t *output)
{
    /* There are nearly always four lanes: as a constant, the loop needs no counter. */
    if (range->whole && lanes == 4 && group_quickly(sums, group, 4, range->zero, output))
        return;
    for (uint32_t lane = 0; lane < lanes; lane++)
        output[lane] = requantize(sums[lane], group, lane, range);
}
