/* When the short form of requantization is exact. */
#include "scale.h"

/* Up to here neither rounding nor the zero point x 2^right overflow beside a product of at most 2^30 + 1. */
#define MAX_RIGHT 22

/* Turns the scale into one that gives `value` for every sum. */
static void always(struct scale *scale, int32_t value)
{
    scale->multiplier = 0;
    scale->left = 1;
    scale->right = 1;
    scale->round = 2 * value;
}

void scale_prepare(struct scale *scale, const uint8_t *group, uint32_t lane, int32_t zero, uint64_t magnitude)
{
    const uint8_t *at = group + 4 * lane;
    int32_t bias = (int32_t)get_u32(at);
    int32_t multiplier = (int32_t)get_u32(at + 16);
    uint32_t left = at[32];
    uint32_t right = at[33];
    *scale = (struct scale){.bias = bias, .multiplier = multiplier, .left = left + 1};
    if (multiplier < 0 || left > 30 || right > 31 || zero < INT8_MIN || zero > INT8_MAX)
        return;
    uint64_t most = magnitude + (bias < 0 ? -(uint64_t)bias : (uint64_t)bias);
    uint64_t limit = (uint64_t)1 << (30 - left);
    if (most < limit && right >= 1 && right <= MAX_RIGHT) {
        scale->right = right;
        scale->round = (int32_t)(((uint32_t)1 << (right - 1)) + ((uint32_t)zero << right));
        return;
    }
    /* A channel that training has switched off, with a bias and a shift that are huge: the form rises, so equal ends mean one value. */
    if (most < 2 * limit) {
        int32_t low = multiply(bias - (int32_t)magnitude, multiplier, left, right);
        int32_t high = multiply(bias + (int32_t)magnitude, multiplier, left, right);
        if (low == high && low >= -0x20000000 && low < 0x20000000)
            always(scale, low + zero);
    }
}
