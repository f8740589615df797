/* Windows of pictures. */
#include "window.h"

#include <string.h>

static bool within(int32_t value, int32_t low, int32_t high)
{
    return value >= low && value <= high;
}

bool window_fits(const struct window *window, int32_t out_h)
{
    const int32_t sizes[] = {window->in_h, window->in_w, window->channels, out_h, window->out_w, window->kernel_h, window->kernel_w};
    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        if (!within(sizes[i], 1, WINDOW_MAX_SIZE))
            return false;
    return within(window->stride_h, 1, WINDOW_MAX_STEP) && within(window->stride_w, 1, WINDOW_MAX_STEP) &&
           within(window->dilation_h, 1, WINDOW_MAX_STEP) && within(window->dilation_w, 1, WINDOW_MAX_STEP) &&
           within(window->pad_top, 0, WINDOW_MAX_STEP) && within(window->pad_left, 0, WINDOW_MAX_STEP);
}

void window_copy(const struct window *window, int32_t y, int32_t x, uint8_t *bytes)
{
    uint32_t pixel = (uint32_t)window->channels;
    uint32_t row = pixel * (uint32_t)window->kernel_w;
    struct corner corner = window_corner(window, y, x);
    int32_t left = corner.left;
    int32_t top = corner.top;
    bool inside = window->dilation_w == 1 && left >= 0 && left + window->kernel_w <= window->in_w;
    for (int32_t ky = 0; ky < window->kernel_h; ky++, top += window->dilation_h) {
        if (top < 0 || top >= window->in_h) {
            memset(bytes, window->zero, row);
            bytes += row;
            continue;
        }
        const uint8_t *from = window->input + (uint32_t)(top * window->in_w) * pixel;
        if (inside) {
            memcpy(bytes, from + (uint32_t)left * pixel, row);
            bytes += row;
            continue;
        }
        int32_t column = left;
        for (int32_t kx = 0; kx < window->kernel_w; kx++, column += window->dilation_w, bytes += pixel) {
            if (column < 0 || column >= window->in_w)
                memset(bytes, window->zero, pixel);
            else
                memcpy(bytes, from + (uint32_t)column * pixel, pixel);
        }
    }
}
