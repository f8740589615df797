/* What a convolution sees: the part of the picture below the kernel, as bytes, and spread to int16 for products. */
#ifndef MOTE_KERNELS_WINDOW_H
#define MOTE_KERNELS_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct window {
    const uint8_t *input;
    int32_t in_h, in_w, channels;
    int32_t out_w;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    /* What lies outside. */
    uint8_t zero;
};

/* Strides, dilations and paddings that keep every position within 32 bits. */
#define WINDOW_MAX_STEP 4096
/* The same for heights, widths and channels. */
#define WINDOW_MAX_SIZE 65535

/* Whether positions can be computed with these numbers; sizes and steps must be positive, paddings not negative. */
bool window_fits(const struct window *window, int32_t out_h);

/* The first row and column of the window of output pixel (y, x), which may lie outside. */
struct corner {
    int32_t top, left;
};

static inline struct corner window_corner(const struct window *window, int32_t y, int32_t x)
{
    return (struct corner){y * window->stride_h - window->pad_top, x * window->stride_w - window->pad_left};
}

/* Copies the window of output pixel (y, x) to `bytes`: kernel_h x kernel_w x channels. */
void window_copy(const struct window *window, int32_t y, int32_t x, uint8_t *bytes);

#endif
