/* A depthwise convolution with a checked record, and its two implementations. */
#ifndef MOTE_KERNELS_DEPTHWISE_H
#define MOTE_KERNELS_DEPTHWISE_H

#include <stdbool.h>
#include <stdint.h>

#include "scale.h"
#include "window.h"

/* Channels of a group, and bytes of its weights for a tap. */
#define LANES 4

struct depthwise {
    struct window window;
    int32_t out_h;
    uint32_t channels;
    uint32_t taps;
    struct output_range range;
    uint8_t *output;
};

/* Both process the channels of one group, starting with number `first`. */
void depthwise_any(const struct depthwise *layer, const uint8_t *group, uint32_t first);

/*
 * Windows of 3x3 with strides of 1 or 2, on processors with the DSP extension. Returns false if it does not handle this
 * layer or group.
 */
bool depthwise_3x3(const struct depthwise *layer, const uint8_t *group, uint32_t first);

#endif
