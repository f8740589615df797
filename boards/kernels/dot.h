/*
 * Products of weights and windows. Weights lie as in assembly/nn/conv2d.ts: steps of 16 bytes, four taps of four
 * channels. A window is spread to int16: of each four taps two words, taps (0, 2) and taps (1, 3), the lower tap in the
 * low half, because that is how bytes of a word come apart two at a time.
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

/* `steps` x 4 int8 as they are. */
void spread_signed(const uint8_t *bytes, uint32_t steps, uint32_t *window);

/* Twice value + 128, of one window and of four. */
void spread_raised(const uint8_t *bytes, uint32_t steps, uint32_t *window);
void spread_abreast(const uint8_t *const bytes[ABREAST], uint32_t steps, uint32_t *windows);

/* Adds the products of one window with four channels to their sums. */
void dot_alone(const uint8_t *weights, const uint32_t *window, uint32_t steps, int32_t sums[4]);

/* Two channels, for windows of twice the values. */
struct pair {
    /* What sums begin with, once for each window abreast: twice the bias, or 0 where `run` is. */
    int32_t start[2][ABREAST];
    struct scale scale[2];
    /* Pairs from this one on whose scales are exact. */
    uint32_t run;
    const uint8_t *weights;
};

/*
 * Pairs from `pair` to before `end` with windows abreast; all scales must be exact. Writes two channels of each pair:
 * those of the first window to `output`, of the others `stride` bytes apart.
 */
void dot_pairs(const struct pair *pair, const struct pair *end, const uint32_t *windows, uint32_t steps,
               uint8_t *output, uint32_t stride);

/* The sums of one pair, those of a channel's windows together, for a pair whose scales aren't exact. */
void dot_abreast(const struct pair *pair, const uint32_t *windows, uint32_t steps, int32_t sums[2 * ABREAST]);

#endif
