/*
 * Requantization of one channel, prepared for many sums. Where `right` isn't 0 the short form below gives the same as `requantize` for
 * every sum that the channel can have; docs/kernels.md has the proof.
 */
#ifndef MOTE_KERNELS_SCALE_H
#define MOTE_KERNELS_SCALE_H

#include <stdbool.h>
#include <stdint.h>

#include "dsp.h"
#include "requantize.h"

struct scale {
    int32_t bias;
    int32_t multiplier;
    /* One more than the record's left shift: multiply_rounded takes the high half of the product. */
    uint32_t left;
    /* 0: only the long form is right. */
    uint32_t right;
    /* Half of 2^right, and the output's zero point x 2^right. */
    int32_t round;
};

/* Of channel `lane` of a group whose sums, without the bias, are at most `magnitude` away from 0. */
void scale_prepare(struct scale *scale, const uint8_t *group, uint32_t lane, int32_t zero, uint64_t magnitude);

/* The output value, not clamped, of a sum that has its bias. */
static inline int32_t scale_apply(const struct scale *scale, int32_t sum)
{
    int32_t product = multiply_rounded((int32_t)((uint32_t)sum << scale->left), scale->multiplier);
    return (product + (product >> 31) + scale->round) >> scale->right;
}

#endif
