/* Windows of pictures. */
#include "window.h"

#include "base/bytes.h"

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

/* For few bytes, a call and a check of their position would cost more than copying them. */
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

/* Bytes of some columns. The first or the last may be outside the picture. */
struct columns {
    /* The first column inside. */
    int32_t first;
    uint32_t before, inside, after;
};

static struct columns columns_at(const struct window *window, int32_t x, int32_t count)
{
    uint32_t pixel = (uint32_t)window->channels;
    int32_t before = x >= 0 ? 0 : -x < count ? -x : count;
    int32_t end = window->in_w - x < count ? window->in_w - x : count;
    int32_t inside = end > before ? end - before : 0;
    return (struct columns){x + before, (uint32_t)before * pixel, (uint32_t)inside * pixel,
                            (uint32_t)(count - before - inside) * pixel};
}

/* Copies these columns of row `y` of the picture, which may be outside as well. */
static void put_columns(const struct window *window, const struct columns *columns, int32_t y, uint8_t *to)
{
    if (y < 0 || y >= window->in_h || columns->inside == 0) {
        fill(to, window->zero, columns->before + columns->inside + columns->after);
        return;
    }
    const uint8_t *from = window->input + (uint32_t)(y * window->in_w + columns->first) * (uint32_t)window->channels;
    fill(to, window->zero, columns->before);
    copy(to + columns->before, from, columns->inside);
    fill(to + columns->before + columns->inside, window->zero, columns->after);
}

/* A row whose columns are not contiguous. */
static void put_dilated(const struct window *window, int32_t x, int32_t y, uint8_t *to)
{
    for (int32_t kx = window->kernel_w; kx > 0; kx--, x += window->dilation_w, to += window->channels) {
        struct columns columns = columns_at(window, x, 1);
        put_columns(window, &columns, y, to);
    }
}

const uint8_t *window_row(const struct window *window, struct corner corner, uint32_t ky, uint8_t *room)
{
    int32_t y = corner.top + (int32_t)ky * window->dilation_h;
    int32_t x = corner.left;
    if (y >= 0 && y < window->in_h && x >= 0 && x <= window->last_left)
        return window->input + (uint32_t)(y * window->in_w + x) * (uint32_t)window->channels;
    if (window->dilation_w == 1) {
        struct columns columns = columns_at(window, x, window->kernel_w);
        put_columns(window, &columns, y, room);
    } else {
        put_dilated(window, x, y, room);
    }
    return room;
}

void window_copy(const struct window *window, struct corner corner, uint8_t *bytes)
{
    uint32_t row_bytes = window->row_bytes;
    uint32_t rows = (uint32_t)window->kernel_h;
    const uint8_t *row = window_origin(window, corner);
    if (row != NULL && window->may_overrun) {
        /* The overrun of each row is overwritten by the next. */
        for (; rows > 0; rows--, row += window->step_bytes, bytes += row_bytes)
            for (uint32_t i = 0; i < row_bytes; i += 4)
                put_u32(bytes + i, get_u32(row + i));
        return;
    }
    struct columns columns = columns_at(window, corner.left, window->kernel_w);
    int32_t y = corner.top;
    for (; rows > 0; rows--, y += window->dilation_h, bytes += row_bytes) {
        if (window->dilation_w == 1)
            put_columns(window, &columns, y, bytes);
        else
            put_dilated(window, corner.left, y, bytes);
    }
}
