/* Windows of pictures. */
#include "window.h"

#include "../bytes.h"

static bool within(int32_t value, int32_t low, int32_t high)
{
    return value >= low && value <= high;
}

bool window_prepare(struct window *window, int32_t out_h)
{
    const int32_t sizes[] = {window->in_h,  window->in_w,     window->channels, out_h,
                             window->out_w, window->kernel_h, window->kernel_w};
    const int32_t steps[] = {window->stride_h, window->stride_w, window->dilation_h, window->dilation_w};
    const int32_t paddings[] = {window->pad_top, window->pad_left};
    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        if (!within(sizes[i], 1, WINDOW_MAX_SIZE))
            return false;
    for (uint32_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (!within(steps[i], 1, WINDOW_MAX_STEP))
            return false;
    for (uint32_t i = 0; i < sizeof(paddings) / sizeof(paddings[0]); i++)
        if (!within(paddings[i], 0, WINDOW_MAX_STEP))
            return false;
    window->last_top = window->in_h - 1 - (window->kernel_h - 1) * window->dilation_h;
    window->last_left = window->dilation_w == 1 ? window->in_w - window->kernel_w : -1;
    window->row_bytes = (uint32_t)window->kernel_w * (uint32_t)window->channels;
    window->step_bytes = (uint32_t)(window->dilation_h * window->in_w) * (uint32_t)window->channels;
    return true;
}

/* Few bytes at a time, where a call and a look at their places would cost more than they do. */
static inline void copy(uint8_t *to, const uint8_t *from, uint32_t count)
{
    for (; count >= 4; count -= 4, to += 4, from += 4)
        put_u32(to, get_u32(from));
    for (; count > 0; count--)
        *to++ = *from++;
}

static inline void fill(uint8_t *to, uint8_t value, uint32_t count)
{
    for (; count >= 4; count -= 4, to += 4)
        put_u32(to, value * 0x01010101u);
    for (; count > 0; count--)
        *to++ = value;
}

/* `columns` columns of a row from column `x` on, some of which may lie outside. */
static void columns_at(const struct window *window, const uint8_t *row, int32_t x, int32_t columns, uint8_t *to)
{
    uint32_t pixel = (uint32_t)window->channels;
    int32_t before = x >= 0 ? 0 : -x < columns ? -x : columns;
    int32_t end = window->in_w - x < columns ? window->in_w - x : columns;
    uint32_t inside = end > before ? (uint32_t)(end - before) * pixel : 0;
    uint32_t first = (uint32_t)before * pixel;
    fill(to, window->zero, first);
    copy(to + first, row + (uint32_t)(x + before) * pixel, inside);
    fill(to + first + inside, window->zero, (uint32_t)columns * pixel - first - inside);
}

const uint8_t *window_row(const struct window *window, struct corner corner, uint32_t ky, uint8_t *room)
{
    uint32_t pixel = (uint32_t)window->channels;
    int32_t y = corner.top + (int32_t)ky * window->dilation_h;
    if (y < 0 || y >= window->in_h) {
        fill(room, window->zero, window->row_bytes);
        return room;
    }
    const uint8_t *row = window->input + (uint32_t)(y * window->in_w) * pixel;
    int32_t x = corner.left;
    if (x >= 0 && x <= window->last_left)
        return row + (uint32_t)x * pixel;
    if (window->dilation_w == 1) {
        columns_at(window, row, x, window->kernel_w, room);
        return room;
    }
    uint8_t *to = room;
    for (int32_t kx = window->kernel_w; kx > 0; kx--, x += window->dilation_w, to += pixel)
        columns_at(window, row, x, 1, to);
    return room;
}

void window_copy(const struct window *window, struct corner corner, uint8_t *bytes)
{
    uint32_t row_bytes = window->row_bytes;
    uint32_t rows = (uint32_t)window->kernel_h;
    const uint8_t *row = window_origin(window, corner);
    if (row != NULL && window->may_overrun) {
        /* Each row's overrun is overwritten by the next. */
        for (; rows > 0; rows--, row += window->step_bytes, bytes += row_bytes)
            for (uint32_t i = 0; i < row_bytes; i += 4)
                put_u32(bytes + i, get_u32(row + i));
        return;
    }
    if (row != NULL) {
        for (; rows > 0; rows--, row += window->step_bytes, bytes += row_bytes)
            copy(bytes, row, row_bytes);
        return;
    }
    for (uint32_t ky = 0; ky < rows; ky++, bytes += row_bytes) {
        row = window_row(window, corner, ky, bytes);
        if (row != bytes)
            copy(bytes, row, row_bytes);
    }
}
