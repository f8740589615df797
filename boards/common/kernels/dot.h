/*
 * Products of weights and windows. Weights lie as in assembly/nn/conv2d.ts: steps of 16 bytes, four taps of four channels. A window is
 * spread to int16: of each four taps two words, taps (0, 2) and taps (1, 3), the lower tap in the low half, because that is how
 * bytes of a word come apart two at a time.
 */
#ifndef MOTE_KERNELS_DOT_H
#define MOTE_KERNELS_DOT_H

#include <stdint.h>

#include "scale.h"

#define STEP_BYTES 16

/* Where the words of a window go: words from one step to the next, and from the first word of a step to the second. */
struct spread {
    uint32_t step;
    uint32_t half;
};
static const struct spread ALONE = {2, 1};
/* Four windows side by side: the first words of all four, then the second words. */
#define BLOCK_PIXELS 4
static const struct spread ABREAST = {2 * BLOCK_PIXELS, BLOCK_PIXELS};

/* `steps` x 4 int8 as they are, and as value + 128. */
void spread_signed(const uint8_t *bytes, uint32_t steps, uint32_t *window, struct spread spread);
void spread_raised(const uint8_t *bytes, uint32_t steps, uint32_t *window, struct spread spread);

/* Adds the products of one window, ALONE, with four channels to their sums. */
void dot_alone(const uint8_t *weights, const uint32_t *window, uint32_t steps, int32_t sums[4]);

/* Adds the products of four windows, ABREAST, with two channels; sums of a channel's four pixels lie together. */
void dot_abreast(const uint8_t *weights, const uint32_t *window, uint32_t steps, int32_t sums[8]);

#endif
