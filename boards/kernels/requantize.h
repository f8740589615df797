/*
 * Requantization of an int32 sum to an output value, equal to assembly/nn/requantize.ts for every input: shifts count
 * modulo 32 or 64, sums wrap.
 */
#ifndef MOTE_KERNELS_REQUANTIZE_H
#define MOTE_KERNELS_REQUANTIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "dsp.h"

static inline int32_t wrapping_add(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t wrapping_multiply(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a * (uint32_t)b);
}

/* Rounded `twice` / 2^(exponent + 1), halves away from zero, of an even number. */
static inline int32_t halve_and_divide(int64_t twice, uint32_t exponent)
{
    uint64_t rounded = (uint64_t)twice + ((uint64_t)1 << (exponent & 63)) + (uint64_t)(twice >> 63);
    return (int32_t)((int64_t)rounded >> ((exponent + 1) & 63));
}

static inline int32_t divide_by_power_of_two(int32_t value, uint32_t exponent)
{
    return halve_and_divide((int64_t)value * 2, exponent);
}

/* Rounded `a` x `b` / 2^31. */
static inline int32_t multiply_high(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* `value` x `multiplier` / 2^31 x 2^(left - right), rounded twice. */
int32_t multiply(int32_t value, int32_t multiplier, uint32_t left, uint32_t right);

static inline int32_t clamp(int32_t value, int32_t low, int32_t high)
{
    int32_t least = value < low ? low : value;
    return least > high ? high : least;
}

/*
 * In the range from minus this value to below it, with a multiplier that is not negative and a right shift of at most
 * this many bits, requantization in 32 bits is exact: twice the value fits, so the high half of the product is at most
 * 2^30, and neither half of 2^right nor a zero point x 2^right overflows when added. docs/kernels.md has the proof.
 */
#define SHORT_FORM_SUM (1 << 30)
#define SHORT_FORM_RIGHT 22

static inline int32_t multiply_quickly(int32_t value, int32_t multiplier, uint32_t left, uint32_t right)
{
    if (left != 0 || right > SHORT_FORM_RIGHT || (wrapping_add(value, SHORT_FORM_SUM) | multiplier) < 0)
        return multiply(value, multiplier, left, right);
    if (right == 0)
        return multiply_rounded_add(2 * value, multiplier, 0);
    return (multiply_rounded_add(2 * value, multiplier, 1 << (right - 1)) + (value >> 31)) >> right;
}

/* The range of an output. */
struct output_range {
    int32_t zero, low, high;
    /* The whole range of int8, with a zero point in int8. */
    bool whole;
};

static inline struct output_range output_range(int32_t zero, int32_t low, int32_t high)
{
    bool whole = low == INT8_MIN && high == INT8_MAX && zero >= INT8_MIN && zero <= INT8_MAX;
    return (struct output_range){zero, low, high, whole};
}

/* Returns the output of channel `lane` (0 to 3) of the group at `group` for a sum with its bias. */
static inline uint8_t requantize(int32_t sum, const uint8_t *group, uint32_t lane, const struct output_range *range)
{
    const uint8_t *at = group + 4 * lane;
    int32_t value = multiply_quickly(sum, (int32_t)get_u32(at + 16), at[32], at[33]);
    return (uint8_t)clamp(wrapping_add(value, range->zero), range->low, range->high);
}

/* The same for the first `lanes` channels of a group. */
void requantize_group(const int32_t sums[4], const uint8_t *group, uint32_t lanes, const struct output_range *range,
                      uint8_t *output);

#endif
