/*
 * conv2d of assembly/nn, where record and weights are described. The windows of four output pixels are spread to int16 in the scratch,
 * then each pair of channels runs over them; one or two pixels that are left at the end go one by one.
 */
#include <string.h>

#include "dot.h"
#include "operation.h"
#include "scale.h"
#include "window.h"

enum {
    INPUT,
    OUTPUT,
    SCRATCH,
    IN_H,
    IN_W,
    IN_C,
    OUT_H,
    OUT_W,
    OUT_C,
    KERNEL_H,
    KERNEL_W,
    STRIDE_H,
    STRIDE_W,
    DILATION_H,
    DILATION_W,
    PAD_TOP,
    PAD_LEFT,
    INPUT_ZERO,
    OUTPUT_ZERO,
    OUTPUT_MIN,
    OUTPUT_MAX,
    WEIGHTS,
    TILE_GROUPS,
};

/* The portable kernel sums pairs of products in 32 bits: more taps don't fit. */
#define MAX_TAPS 65536
/* The most that a raised value and a weight multiply to. */
#define MAX_PRODUCT (255 * 128)
/* Channels whose scales are kept at once. */
#define CHUNK 128
_Static_assert(CHUNK * sizeof(struct scale) <= sizeof(kernels_shared), "the scales of a chunk must fit");
_Static_assert(CHUNK % 4 == 0, "a chunk is whole groups");

struct layer {
    struct window window;
    uint32_t out_c;
    uint32_t pixels;
    uint32_t taps;
    uint32_t steps;
    int32_t zero, low, high;
    /* Low to high is all that int8 holds. */
    bool whole_range;
    uint8_t *output;
    /* Four windows, then the bytes of one. */
    uint32_t *windows;
    uint8_t *bytes;
    struct scale *scales;
};

/* Spreads the windows of `count` pixels from number `first` on. */
static void spread_windows(const struct layer *layer, uint32_t first, uint32_t count, struct spread spread)
{
    const struct window *window = &layer->window;
    int32_t y = (int32_t)first / window->out_w;
    int32_t x = (int32_t)first % window->out_w;
    /* A kernel of one pixel is in the picture as it will be spread. */
    bool direct = window->kernel_h == 1 && window->kernel_w == 1 && window->pad_top == 0 && window->pad_left == 0 &&
                  (layer->taps & 3) == 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *bytes = layer->bytes;
        if (direct && y * window->stride_h < window->in_h && x * window->stride_w < window->in_w)
            bytes = window->input + (uint32_t)(y * window->stride_h * window->in_w + x * window->stride_w) * layer->taps;
        else
            window_copy(window, y, x, layer->bytes);
        spread_raised(bytes, layer->steps, layer->windows + i, spread);
        if (++x == window->out_w) {
            x = 0;
            y++;
        }
    }
}

static void store(const struct layer *layer, uint32_t channel, const uint8_t *group, int32_t sum, uint8_t *output)
{
    const struct scale *scale = &layer->scales[channel];
    if (scale->right != 0 && layer->whole_range)
        *output = (uint8_t)clamp_to_int8(scale_apply(scale, sum));
    else
        *output = requantize(sum, group, channel & 3, layer->zero, layer->low, layer->high);
}

/* One window with channels `first` to `first` + `count` - 1, whose scales start at 0. */
static void one_pixel(const struct layer *layer, const uint8_t *group, uint32_t count, uint8_t *output)
{
    for (uint32_t channel = 0; channel < count; channel += 4, group += PARAMS_BYTES + STEP_BYTES * layer->steps) {
        int32_t sums[4];
        for (uint32_t lane = 0; lane < 4; lane++)
            sums[lane] = (int32_t)get_u32(group + 4 * lane);
        dot_alone(group + PARAMS_BYTES, layer->windows, layer->steps, sums);
        for (uint32_t lane = 0; lane < 4 && channel + lane < count; lane++)
            store(layer, channel + lane, group, sums[lane], output + channel + lane);
    }
}

/* Four windows with `count` channels; the last window may be left out. */
static void four_pixels(const struct layer *layer, const uint8_t *group, uint32_t count, uint8_t *output, uint32_t pixels)
{
    for (uint32_t channel = 0; channel < count; channel += 2) {
        uint32_t lane = channel & 3;
        int32_t sums[2 * BLOCK_PIXELS];
        for (uint32_t i = 0; i < 2 * BLOCK_PIXELS; i++)
            sums[i] = (int32_t)get_u32(group + 4 * (lane + i / BLOCK_PIXELS));
        dot_abreast(group + PARAMS_BYTES + 4 * lane, layer->windows, layer->steps, sums);
        for (uint32_t i = 0; i < 2 && channel + i < count; i++)
            for (uint32_t pixel = 0; pixel < pixels; pixel++)
                store(layer, channel + i, group, sums[i * BLOCK_PIXELS + pixel], output + pixel * layer->out_c + channel + i);
        if (lane == 2)
            group += PARAMS_BYTES + STEP_BYTES * layer->steps;
    }
}

/* All pixels of `count` channels, whose outputs and weights begin at these places. */
static void chunk(const struct layer *layer, const uint8_t *group, uint32_t count, uint8_t *output)
{
    uint32_t pixel = 0;
    while (pixel + BLOCK_PIXELS - 1 <= layer->pixels) {
        uint32_t left = layer->pixels - pixel;
        uint32_t pixels = left < BLOCK_PIXELS ? left : BLOCK_PIXELS;
        spread_windows(layer, pixel, pixels, ABREAST);
        four_pixels(layer, group, count, output + pixel * layer->out_c, pixels);
        pixel += pixels;
        if (pixel == layer->pixels)
            return;
    }
    for (; pixel < layer->pixels; pixel++) {
        spread_windows(layer, pixel, 1, ALONE);
        one_pixel(layer, group, count, output + pixel * layer->out_c);
    }
}

static struct window read_window(const struct operation *op)
{
    const int32_t *field = op->field;
    return (struct window){
        .in_h = field[IN_H],
        .in_w = field[IN_W],
        .channels = field[IN_C],
        .out_w = field[OUT_W],
        .kernel_h = field[KERNEL_H],
        .kernel_w = field[KERNEL_W],
        .stride_h = field[STRIDE_H],
        .stride_w = field[STRIDE_W],
        .dilation_h = field[DILATION_H],
        .dilation_w = field[DILATION_W],
        .pad_top = field[PAD_TOP],
        .pad_left = field[PAD_LEFT],
        .zero = (uint8_t)field[INPUT_ZERO],
    };
}

enum outcome kernel_conv2d(struct operation *op)
{
    const int32_t *field = op->field;
    struct layer layer = {
        .window = read_window(op),
        .zero = field[OUTPUT_ZERO],
        .low = field[OUTPUT_MIN],
        .high = field[OUTPUT_MAX],
        .whole_range = field[OUTPUT_MIN] == INT8_MIN && field[OUTPUT_MAX] == INT8_MAX,
        .scales = (struct scale *)(void *)kernels_shared,
    };
    struct window *window = &layer.window;
    const int32_t in_sizes[] = {field[IN_H], field[IN_W], field[IN_C]};
    const int32_t out_sizes[] = {field[OUT_H], field[OUT_W], field[OUT_C]};
    const int32_t kernel_sizes[] = {field[KERNEL_H], field[KERNEL_W], field[IN_C]};
    uint64_t taps = volume(kernel_sizes, 3);
    if (!window_fits(window, field[OUT_H]) || field[OUT_C] < 1 || field[OUT_C] > WINDOW_MAX_SIZE || taps > MAX_TAPS ||
        field[TILE_GROUPS] < 1 || field[INPUT_ZERO] < INT8_MIN || field[INPUT_ZERO] > INT8_MAX)
        return DECLINED;
    layer.out_c = (uint32_t)field[OUT_C];
    layer.pixels = (uint32_t)field[OUT_H] * (uint32_t)field[OUT_W];
    layer.taps = (uint32_t)taps;
    layer.steps = (layer.taps + 3) / 4;

    uint32_t group_bytes = PARAMS_BYTES + STEP_BYTES * layer.steps;
    uint32_t groups = (layer.out_c + 3) / 4;
    uint32_t tile_groups = (uint32_t)field[TILE_GROUPS] < groups ? (uint32_t)field[TILE_GROUPS] : groups;
    uint32_t window_bytes = 2 * BLOCK_PIXELS * 4 * layer.steps;
    uint64_t scratch_bytes = window_bytes + (uint64_t)tile_groups * group_bytes;
    uint64_t in_bytes = volume(in_sizes, 3);
    uint64_t out_bytes = volume(out_sizes, 3);
    uint8_t *scratch = arena_at(op, field[SCRATCH], scratch_bytes);
    window->input = arena_at(op, field[INPUT], in_bytes);
    layer.output = arena_at(op, field[OUTPUT], out_bytes);
    const uint8_t *group = rom_at(op->space, field[WEIGHTS], (uint64_t)groups * group_bytes);
    if (scratch == NULL || window->input == NULL || layer.output == NULL || group == NULL)
        return FAULT;
    if (!aligned(scratch) || !aligned(group) || !apart(layer.output, out_bytes, window->input, in_bytes) ||
        !apart(layer.output, out_bytes, scratch, scratch_bytes) || !apart(window->input, in_bytes, scratch, scratch_bytes) ||
        !spend(op, out_bytes * taps))
        return DECLINED;
    layer.windows = (uint32_t *)(void *)scratch;
    layer.bytes = scratch + window_bytes;

    for (uint32_t first = 0; first < layer.out_c; first += CHUNK) {
        uint32_t count = layer.out_c - first < CHUNK ? layer.out_c - first : CHUNK;
        for (uint32_t i = 0; i < count; i++)
            scale_prepare(&layer.scales[i], group + i / 4 * group_bytes, i & 3, layer.zero, taps * MAX_PRODUCT);
        chunk(&layer, group, count, layer.output + first);
        group += count / 4 * group_bytes;
    }
    return DONE;
}
