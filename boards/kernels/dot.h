/*
 * Products of weights and windows. Weights are laid out as in assembly/nn/conv2d.ts: steps of 16 bytes, four taps of
 * four channels. A window is expanded to int16: each four taps become two words, taps (0, 2) and taps (1, 3), the lower
 * tap in the low half, because the bytes of a word are extracted two at a time in this order.
 */
#ifndef MOTE_KERNELS_DOT_H
#define MOTE_KERNELS_DOT_H

#include <stddef.h>
#include <stdint.h>

#include "base/operators.h"
#include "scale.h"

/* Words of a step of one window, and of windows side by side: the first words of all four, then the second words. */
#define ALONE_WORDS 2
#define ABREAST 4
#define ABREAST_WORDS (ALONE_WORDS * ABREAST)

/* Expands `steps` x 4 int8 unchanged. */
void spread_signed(const uint8_t *bytes, uint32_t steps, uint32_t *window);

/* Expands to twice (value + 128), for one window and for four. */
void spread_raised(const uint8_t *bytes, uint32_t steps, uint32_t *window);
void spread_abreast(const uint8_t *const bytes[ABREAST], uint32_t steps, uint32_t *windows);

/* Adds the products of one window with four channels to their sums. */
void dot_alone(const uint8_t *weights, const uint32_t *window, uint32_t steps, int32_t sums[4]);

/* Two channels, for windows of twice the values. */
struct pair {
    /* Start value of the sums, once for each window: twice the bias, or 0 for `run`. */
    int32_t start[2][ABREAST];
    struct scale scale[2];
    /* From this pair on, all scales are exact. */
    uint32_t run;
    const uint8_t *weights;
};

/*
 * Processes the pairs from `pair` to before `end` for several windows; all scales must be exact. Writes two channels of
 * each pair: those of the first window to `output`, those of the others `stride` bytes apart.
 */
void dot_pairs(const struct pair *pair, const struct pair *end, const uint32_t *windows, uint32_t steps,
               uint8_t *output, uint32_t stride);

/* Returns the sums of one pair whose scales are not exact, those of a channel's windows together. */
void dot_abreast(const struct pair *pair, const uint32_t *windows, uint32_t steps, int32_t sums[2 * ABREAST]);

#endif
