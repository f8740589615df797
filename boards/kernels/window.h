/*
 * The input of a convolution: the part of the picture under the kernel, as bytes, and expanded to int16 for products.
 */
#ifndef MOTE_KERNELS_WINDOW_H
#define MOTE_KERNELS_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window {
    const uint8_t *input;
    int32_t in_h, in_w, channels;
    int32_t out_w;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    /* The value outside the picture. */
    uint8_t zero;
    /* Up to WINDOW_OVERRUN bytes behind the picture may be read. */
    bool may_overrun;
    /*
     * Set by window_prepare: the last corner whose window is contiguous in the picture row by row (negative: none), and
     * the bytes of a row.
     */
    int32_t last_top, last_left;
    uint32_t row_bytes;
    /* Bytes from one row of a window to the next, in the picture. */
    uint32_t step_bytes;
};

/* Limits on strides, dilations and paddings that keep every position within 32 bits. */
#define WINDOW_MAX_STEP 4096
/* The same for heights, widths and channels. */
#define WINDOW_MAX_SIZE 65535

/* Reads the record of a convolution. Call window_prepare next. */
#define WINDOW_OF(record, input_channels) \
    { \
        .in_h = (record)->in_h, \
        .in_w = (record)->in_w, \
        .channels = (input_channels), \
        .out_w = (record)->out_w, \
        .kernel_h = (record)->kernel_h, \
        .kernel_w = (record)->kernel_w, \
        .stride_h = (record)->stride_h, \
        .stride_w = (record)->stride_w, \
        .dilation_h = (record)->dilation_h, \
        .dilation_w = (record)->dilation_w, \
        .pad_top = (record)->pad_top, \
        .pad_left = (record)->pad_left, \
        .zero = (uint8_t)(record)->input_zero, \
    }

/*
 * Returns false if positions can not be computed with these numbers. Sizes and steps must be positive, paddings not
 * negative.
 */
bool window_prepare(struct window *window, int32_t out_h);

/* The first row and column of the window of output pixel (y, x), possibly outside the picture. */
struct corner {
    int32_t top, left;
};

static inline struct corner window_corner(const struct window *window, int32_t y, int32_t x)
{
    return (struct corner){y * window->stride_h - window->pad_top, x * window->stride_w - window->pad_left};
}

/* Returns the first byte of a window that is contiguous in the picture row by row, NULL for others. */
static inline const uint8_t *window_origin(const struct window *window, struct corner corner)
{
    if (corner.top < 0 || corner.top > window->last_top || corner.left < 0 || corner.left > window->last_left)
        return NULL;
    return window->input + (uint32_t)(corner.top * window->in_w + corner.left) * (uint32_t)window->channels;
}

/*
 * Returns the bytes of row `ky` of any window, `row_bytes` of them: in the picture if they are contiguous there, else
 * copied to `room`.
 */
const uint8_t *window_row(const struct window *window, struct corner corner, uint32_t ky, uint8_t *room);

/* Bytes that whole words reach beyond a row. */
#define WINDOW_OVERRUN 3

/* Copies a whole window, row by row. It may copy bytes behind the window, for which `room` needs space. */
void window_copy(const struct window *window, struct corner corner, uint8_t *bytes);

#endif
