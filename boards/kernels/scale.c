/* Decides when the short form of requantization is exact. */
#include "scale.h"

bool scale_set(struct scale *scale, int32_t multiplier, uint32_t left, uint32_t right, int32_t zero, uint32_t most)
{
    if (multiplier < 0 || left != 0 || right < 1 || right > SHORT_FORM_RIGHT || most >= SHORT_FORM_SUM ||
        zero < INT8_MIN || zero > INT8_MAX)
        return false;
    *scale = (struct scale){multiplier, (int32_t)(((uint32_t)1 << (right - 1)) + ((uint32_t)zero << right)), right};
    return true;
}

/*
 * A channel that training has disabled, with a huge bias and shift: the form is monotonic, so equal ends mean one
 * value.
 */
static bool always(struct scale *scale, int32_t low, int32_t high, int32_t zero)
{
    if (low != high || low < INT16_MIN || low > INT16_MAX || zero < INT8_MIN || zero > INT8_MAX)
        return false;
    *scale = (struct scale){0, 2 * (low + zero) + 1, 1};
    return true;
}

bool scale_prepare(struct scale *scale, const uint8_t *group, uint32_t lane, int32_t zero, uint32_t magnitude)
{
    const uint8_t *at = group + 4 * lane;
    int32_t bias = (int32_t)get_u32(at);
    int32_t multiplier = (int32_t)get_u32(at + 16);
    uint32_t left = at[32];
    uint32_t right = at[33];
    uint32_t most = magnitude + (bias < 0 ? -(uint32_t)bias : (uint32_t)bias);
    if (scale_set(scale, multiplier, left, right, zero, most))
        return true;
    if (multiplier < 0 || left != 0 || right > 31 || most > INT32_MAX)
        return false;
    int32_t reach = (int32_t)magnitude;
    return always(scale, multiply(bias - reach, multiplier, 0, right), multiply(bias + reach, multiplier, 0, right),
                  zero);
}
