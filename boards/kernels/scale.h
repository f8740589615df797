/*
 * Requantization of one channel, prepared for many sums. The short form works on twice the sum, which costs nothing if
 * values or weights are expanded to int16 before, and gives the result of `requantize` for every sum that the channel
 * can have. docs/kernels.md has the proof.
 */
#ifndef MOTE_KERNELS_SCALE_H
#define MOTE_KERNELS_SCALE_H

#include <stdbool.h>
#include <stdint.h>

#include "dsp.h"
#include "requantize.h"

struct scale {
    int32_t multiplier;
    /* Half of 2^right, and the output's zero point x 2^right. */
    int32_t round;
    /* The right shift. */
    uint32_t right;
};

/*
 * Prepares a record's multiplier and shifts for sums of at most `most` in magnitude and an output with the whole range
 * of int8. Returns false if the short form is not exact for all of them.
 */
bool scale_set(struct scale *scale, int32_t multiplier, uint32_t left, uint32_t right, int32_t zero, uint32_t most);

/*
 * Prepares channel `lane` of a group whose sums, without the bias, are at most `magnitude`, below 2^31, in magnitude.
 */
bool scale_prepare(struct scale *scale, const uint8_t *group, uint32_t lane, int32_t zero, uint32_t magnitude);

/* Returns the output, clamped to int8, of twice a sum with its bias. */
static inline uint8_t scale_apply(const struct scale *scale, int32_t twice)
{
    int32_t value = multiply_rounded_add(twice, scale->multiplier, scale->round);
    return (uint8_t)clamp_to_int8((value + (twice >> 31)) >> scale->right);
}

#endif
