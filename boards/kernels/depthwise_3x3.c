/*
 * Depthwise convolution of 3x3 with SMLAD. Rows of the picture are split into one plane of int16 for each of four
 * channels; three rows rotate through three places. Two neighbouring outputs share their loads. SMLAD multiplies pairs,
 * so each row of a kernel is stored as (first, second) and (second, third).
 */
#include "depthwise_row.h"
#include "operation.h"

#if KERNELS_DSP

_Static_assert(LANES * PLANE <= sizeof(kernels_shared), "the planes must fit");

static uint32_t both(uint32_t low, uint32_t high)
{
    return (low & 0xffff) | high << 16;
}

/* One axis of the picture and of the output: sizes, and bytes from one index to the next. */
struct side {
    int32_t size, outputs;
    int32_t stride, pad;
    uint32_t in_bytes, out_bytes;
};

/* The picture as it is processed, row by row. The longer axis of the output is a row, so that there are few rows. */
struct view {
    struct side rows, columns;
    bool turned;
};

static struct view view_of(const struct depthwise *layer)
{
    const struct window *window = &layer->window;
    uint32_t channels = layer->channels;
    uint32_t in_row = channels * (uint32_t)window->in_w;
    uint32_t out_row = channels * (uint32_t)window->out_w;
    struct side down = {window->in_h, layer->out_h, window->stride_h, window->pad_top, in_row, out_row};
    struct side across = {window->in_w, window->out_w, window->stride_w, window->pad_left, channels, channels};
    if (layer->out_h > window->out_w)
        return (struct view){across, down, true};
    return (struct view){down, across, false};
}

static uint32_t twice(uint8_t weight)
{
    return (uint32_t)(2 * (int8_t)weight);
}

static bool prepare_lane(const struct depthwise *layer, bool turned, const uint8_t *group, uint32_t number,
                         struct lane *lane)
{
    const uint8_t *weight = group + OPERATOR_PARAMS_BYTES + number;
    uint32_t next = turned ? ROWS * LANES : LANES;
    uint32_t next_row = turned ? LANES : ROWS * LANES;
    for (uint32_t row = 0; row < ROWS; row++, weight += next_row) {
        const uint32_t w[ROWS] = {twice(weight[0]), twice(weight[next]), twice(weight[2 * next])};
        uint32_t *pairs = &lane->rows[2 * row];
        pairs[0] = both(w[0], w[1]);
        pairs[1] = both(w[1], w[2]);
        if (row < ROWS - 1) {
            pairs[2 * ROWS] = pairs[0];
            pairs[2 * ROWS + 1] = pairs[1];
        }
    }
    lane->start[0] = lane->start[1] = (int32_t)(2 * get_u32(group + 4 * number));
    return scale_prepare(&lane->scale, group, number, layer->range.zero, ROWS * ROWS * 128 * 128);
}

/* Writes two pixels of four channels to the four planes at `to`. */
static inline void take_apart(uint32_t a, uint32_t b, uint8_t *to)
{
    uint32_t a02 = even_bytes(a);
    uint32_t a13 = odd_bytes(a);
    uint32_t b02 = even_bytes(b);
    uint32_t b13 = odd_bytes(b);
    uint32_t pair;
    uint32_t *plane = (uint32_t *)(void *)to;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a02), "r"(b02));
    plane[0] = pair;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a13), "r"(b13));
    plane[PLANE / 4] = pair;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(b02), "r"(a02));
    plane[2 * PLANE / 4] = pair;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(b13), "r"(a13));
    plane[3 * PLANE / 4] = pair;
}

/*
 * Writes row `y` of four channels to the planes, `pairs` x 2 columns from the padding on. `input` is the first channel.
 */
static void take_row(const struct view *view, const uint8_t *input, uint32_t zero, int32_t y, uint32_t pairs,
                     uint8_t *to)
{
    if (y < 0 || y >= view->rows.size) {
        for (; pairs > 0; pairs--, to += 4)
            take_apart(zero, zero, to);
        return;
    }
    uint32_t step = view->columns.in_bytes;
    uint32_t left = (uint32_t)view->columns.size;
    const uint8_t *from = input + (uint32_t)y * view->rows.in_bytes;
    if (view->columns.pad != 0) {
        take_apart(zero, get_u32(from), to);
        from += step;
        left--;
        pairs--;
        to += 4;
    }
    for (; pairs > 0 && left >= 2; pairs--, left -= 2, to += 4, from += 2 * step)
        take_apart(get_u32(from), get_u32(from + step), to);
    if (pairs > 0 && left == 1) {
        take_apart(get_u32(from), zero, to);
        pairs--;
        to += 4;
    }
    for (; pairs > 0; pairs--, to += 4)
        take_apart(zero, zero, to);
}

/*
 * An odd last output is computed in `beside`, because the output that follows in memory may be another tensor's or
 * none.
 */
static void exact_outputs(struct row row, int32_t stride, uint32_t count)
{
    if (count / 2 > 0)
        depthwise_row(&row, stride, count / 2);
    if (count % 2 == 0)
        return;
    uint8_t beside[2 * LANES];
    uint8_t *output = row.output + (count - 1) * row.step;
    row.planes += 4 * (count / 2) * (uint32_t)stride;
    row.output = beside;
    row.step = LANES;
    depthwise_row(&row, stride, 1);
    for (uint32_t lane = 0; lane < LANES; lane++)
        output[lane] = beside[lane];
}

static bool suits(const struct depthwise *layer, const struct view *view)
{
    const struct window *window = &layer->window;
    const struct side *columns = &view->columns;
    return window->kernel_h == ROWS && window->kernel_w == ROWS && window->dilation_h == 1 && window->dilation_w == 1 &&
           window->stride_h <= 2 && window->stride_w <= 2 && (layer->channels & 3) == 0 && layer->range.whole &&
           columns->pad <= 1 && (columns->outputs + 1) / 2 * 2 * columns->stride + 2 <= MAX_COLUMNS;
}

/* Returns the place of a row in the planes, `steps` rows behind that in `place`. */
static uint32_t place_after(uint32_t place, uint32_t steps)
{
    for (place += steps; place >= ROWS; place -= ROWS)
        ;
    return place;
}

bool depthwise_3x3(const struct depthwise *layer, const uint8_t *group, uint32_t first)
{
    struct view view = view_of(layer);
    struct lane lanes[LANES];
    if (!suits(layer, &view))
        return false;
    for (uint32_t i = 0; i < LANES; i++)
        if (!prepare_lane(layer, view.turned, group, i, &lanes[i]))
            return false;
    const uint8_t *input = layer->window.input + first;
    uint32_t zero = layer->window.zero * 0x01010101u;
    uint8_t *planes = (uint8_t *)kernels_shared;
    int32_t stride = view.columns.stride;
    uint32_t count = (uint32_t)view.columns.outputs;
    uint32_t pairs = (count + 1) / 2;
    /* Words of a row that its outputs read. */
    uint32_t words = pairs * (uint32_t)stride + 1;
    /* Rows from the first one that outputs read to the last one in the planes, and where the first is. */
    int32_t top = -view.rows.pad;
    int32_t known = top;
    uint32_t first_place = 0;
    struct row row = {lanes, 0, planes, 0, layer->output + first, view.columns.out_bytes};
    for (int32_t y = 0; y < view.rows.outputs; y++) {
        for (; known < top + ROWS; known++) {
            uint32_t place = place_after(first_place, (uint32_t)(known - top));
            take_row(&view, input, zero, known, words, planes + place * PITCH);
        }
        row.turn = first_place == 0 ? 0 : 8 * (ROWS - first_place);
        /* If rows of outputs are contiguous, an excess output is overwritten by the next row. */
        if (!view.turned && y < view.rows.outputs - 1)
            depthwise_row(&row, stride, pairs);
        else
            exact_outputs(row, stride, count);
        row.output += view.rows.out_bytes;
        top += view.rows.stride;
        first_place = place_after(first_place, (uint32_t)view.rows.stride);
    }
    return true;
}

#else

bool depthwise_3x3(const struct depthwise *layer, const uint8_t *group, uint32_t first)
{
    (void)layer;
    (void)group;
    (void)first;
    return false;
}

#endif
