/*
 * conv2d of assembly/nn, which describes record and weights. The windows of four output pixels are expanded to int16 in
 * the scratch memory, and each pair of channels runs over them. One or two remaining pixels are processed one by one.
 */
#include <string.h>

#include "dot.h"
#include "operation.h"
#include "scale.h"
#include "window.h"

/* Twice the sum of more products does not fit an int32. */
#define MAX_TAPS 32768
/* The largest product of an expanded value and a weight. */
#define MAX_PRODUCT (255 * 128)
/* Minimum length of a window's row for expanding rows one by one. */
#define WORTH_BYTES 16
/* Channels whose scales are prepared at once: whole groups. */
#define CHUNK ((uint32_t)(sizeof(kernels_shared) / sizeof(struct pair)) / 2 * 4)
_Static_assert(_Alignof(struct pair) <= 16, "kernels_shared is aligned enough");

struct layer {
    struct window window;
    uint32_t out_c;
    uint32_t pixels;
    uint32_t taps;
    uint32_t steps;
    struct output_range range;
    uint8_t *output;
    /* Expanded windows, then room for bytes that are not contiguous in the picture. */
    uint32_t *windows;
    uint8_t *bytes;
    /* Long rows of whole steps are expanded straight from the picture; other windows are copied first. */
    bool by_rows;
    /* Each output pixel depends only on the pixel of the picture with the same number. */
    bool same_pixels;
    uint32_t pieces;
    uint32_t piece_steps;
    struct pair *pairs;
};

/* The largest distance from 0 of the sums of channel `lane`. Rarely needed, so its loop costs little. */
static uint32_t reach(const struct layer *layer, const uint8_t *group, uint32_t lane)
{
    const uint8_t *weights = group + OPERATOR_PARAMS_BYTES + 4 * lane;
    int32_t sum = 0;
    for (uint32_t step = layer->steps; step > 0; step--, weights += OPERATOR_STEP_BYTES) {
        if (get_u32(weights) == 0)
            continue;
        for (uint32_t tap = 0; tap < 4; tap++) {
            int32_t weight = (int8_t)weights[tap];
            sum += weight < 0 ? -weight : weight;
        }
    }
    return (uint32_t)sum * 255;
}

static bool prepare_scale(const struct layer *layer, struct scale *scale, const uint8_t *group, uint32_t lane)
{
    return scale_prepare(scale, group, lane, layer->range.zero, layer->taps * MAX_PRODUCT) ||
           scale_prepare(scale, group, lane, layer->range.zero, reach(layer, group, lane));
}

/* Prepares `count` channels, starting with `group`. */
static void prepare_pairs(const struct layer *layer, const uint8_t *group, uint32_t count)
{
    uint32_t pairs = (count + 1) / 2;
    for (uint32_t i = 0; i < pairs; i++) {
        struct pair *pair = &layer->pairs[i];
        uint32_t lane = 2 * (i & 1);
        bool exact = layer->range.whole && 2 * i + 1 < count;
        for (uint32_t j = 0; j < 2; j++)
            exact = exact && prepare_scale(layer, &pair->scale[j], group, lane + j);
        for (uint32_t j = 0; j < 2 * ABREAST; j++)
            pair->start[j / ABREAST][j % ABREAST] =
                exact ? (int32_t)(2 * get_u32(group + 4 * (lane + j / ABREAST))) : 0;
        pair->run = exact;
        pair->weights = group + OPERATOR_PARAMS_BYTES + 4 * lane;
        if (lane != 0)
            group += OPERATOR_PARAMS_BYTES + OPERATOR_STEP_BYTES * layer->steps;
    }
    for (uint32_t i = pairs - 1; i-- > 0;)
        if (layer->pairs[i].run != 0)
            layer->pairs[i].run += layer->pairs[i + 1].run;
}

/* Returns the output of a channel whose scale is not exact, from twice its sum without the bias. */
static uint8_t requantize_twice(const struct layer *layer, const struct pair *pair, uint32_t second, int32_t twice)
{
    /* Returns the weights of a pair: 0 or 8 bytes behind the parameters of their group. */
    uint32_t lane = 2 * ((uint32_t)(pair - layer->pairs) & 1);
    const uint8_t *group = pair->weights - OPERATOR_PARAMS_BYTES - 4 * lane;
    int32_t sum = wrapping_add(twice >> 1, (int32_t)get_u32(group + 4 * (lane + second)));
    return requantize(sum, group, lane + second, &layer->range);
}

/* One window, `count` channels. */
static void one_pixel(const struct layer *layer, uint32_t count, uint8_t *output)
{
    const struct pair *pair = layer->pairs;
    for (uint32_t channel = 0; channel < count; channel += 4, pair += 2) {
        int32_t sums[4];
        for (uint32_t i = 0; i < 4; i++)
            sums[i] = channel + i < count ? pair[i / 2].start[i % 2][0] : 0;
        dot_alone(pair->weights, layer->windows, layer->steps, sums);
        for (uint32_t i = 0; i < 4 && channel + i < count; i++)
            output[channel + i] = pair[i / 2].run != 0 ? scale_apply(&pair[i / 2].scale[i % 2], sums[i])
                                                       : requantize_twice(layer, &pair[i / 2], i % 2, sums[i]);
    }
}

/* Several windows, `count` channels. */
static void pixels_abreast(const struct layer *layer, uint32_t count, uint8_t *output)
{
    const struct pair *pair = layer->pairs;
    const struct pair *end = pair + (count + 1) / 2;
    while (pair < end) {
        uint32_t run = pair->run;
        if (run != 0) {
            dot_pairs(pair, pair + run, layer->windows, layer->steps, output, layer->out_c);
            pair += run;
            output += 2 * run;
            continue;
        }
        int32_t sums[2 * ABREAST];
        dot_abreast(pair, layer->windows, layer->steps, sums);
        uint32_t channels = count - 2 * (uint32_t)(pair - layer->pairs);
        for (uint32_t i = 0; i < 2 && i < channels; i++)
            for (uint32_t j = 0; j < ABREAST; j++)
                output[j * layer->out_c + i] = requantize_twice(layer, pair, i, sums[i * ABREAST + j]);
        pair++;
        output += 2;
    }
}

/* Position in the output, and the pixel of the picture with the same number. */
struct position {
    int32_t y, x;
    const uint8_t *pixel;
};

/* Moves to the window of the next pixel. */
static inline struct corner advance(const struct window *window, struct position *at)
{
    struct corner corner = window_corner(window, at->y, at->x);
    if (++at->x == window->out_w) {
        at->x = 0;
        at->y++;
    }
    return corner;
}

/* Returns the bytes of a window that is not contiguous in the picture. */
static const uint8_t *put_together(const struct layer *layer, struct corner corner, uint32_t piece, uint32_t number)
{
    uint8_t *room = layer->bytes + number * 4 * layer->piece_steps;
    if (layer->by_rows)
        return window_row(&layer->window, corner, piece, room);
    window_copy(&layer->window, corner, room);
    return room;
}

/* Expands the windows of the next `count` pixels: one, or as many as are processed together. */
static inline void spread_windows(const struct layer *layer, struct position *at, uint32_t count)
{
    const struct window *window = &layer->window;
    struct corner corners[ABREAST];
    const uint8_t *origins[ABREAST];
    for (uint32_t i = 0; i < count; i++) {
        if (layer->same_pixels) {
            origins[i] = at->pixel;
            at->pixel += layer->taps;
            continue;
        }
        corners[i] = advance(window, at);
        origins[i] = layer->by_rows ? window_origin(window, corners[i]) : NULL;
    }
    uint32_t *to = layer->windows;
    uint32_t steps = layer->piece_steps;
    uint32_t offset = 0;
    for (uint32_t piece = 0; piece < layer->pieces; piece++, offset += window->step_bytes) {
        const uint8_t *bytes[ABREAST];
        for (uint32_t i = 0; i < count; i++)
            bytes[i] = origins[i] != NULL ? origins[i] + offset : put_together(layer, corners[i], piece, i);
        if (count == ABREAST)
            spread_abreast(bytes, steps, to);
        else
            spread_raised(bytes[0], steps, to);
        to += steps * (count == ABREAST ? ABREAST_WORDS : ALONE_WORDS);
    }
}

/* All pixels of `count` channels, whose outputs start at `output`. */
static void chunk(const struct layer *layer, uint32_t count, uint8_t *output)
{
    struct position at = {0, 0, layer->window.input};
    uint32_t left = layer->pixels;
    for (; left >= ABREAST; left -= ABREAST, output += ABREAST * layer->out_c) {
        spread_windows(layer, &at, ABREAST);
        pixels_abreast(layer, count, output);
    }
    for (; left > 0; left--, output += layer->out_c) {
        spread_windows(layer, &at, 1);
        one_pixel(layer, count, output);
    }
}

static bool sees_same_pixels(const struct window *window, int32_t out_h)
{
    return window->kernel_h == 1 && window->kernel_w == 1 && window->stride_h == 1 && window->stride_w == 1 &&
           window->pad_top == 0 && window->pad_left == 0 && window->out_w == window->in_w && out_h <= window->in_h;
}

enum outcome kernel_conv2d(struct operation *op)
{
    const struct conv2d_record *record = &op->record.conv2d;
    struct layer layer = {
        .window = WINDOW_OF(record, record->in_c),
        .range = output_range(record->output_zero, record->output_min, record->output_max),
        .pairs = (struct pair *)(void *)kernels_shared,
    };
    struct window *window = &layer.window;
    const int32_t in_sizes[] = {record->in_h, record->in_w, record->in_c};
    const int32_t out_sizes[] = {record->out_h, record->out_w, record->out_c};
    const int32_t kernel_sizes[] = {record->kernel_h, record->kernel_w, record->in_c};
    uint64_t taps = volume(kernel_sizes, 3);
    if (!window_prepare(window, record->out_h) || record->out_c < 1 || record->out_c > WINDOW_MAX_SIZE ||
        taps > MAX_TAPS || record->tile_groups < 1 || record->input_zero < INT8_MIN || record->input_zero > INT8_MAX)
        return DECLINED;
    layer.out_c = (uint32_t)record->out_c;
    layer.pixels = (uint32_t)record->out_h * (uint32_t)record->out_w;
    layer.taps = (uint32_t)taps;
    layer.steps = (layer.taps + 3) / 4;

    uint32_t group_bytes = OPERATOR_PARAMS_BYTES + OPERATOR_STEP_BYTES * layer.steps;
    uint32_t groups = (layer.out_c + 3) / 4;
    uint32_t tile_groups = (uint32_t)record->tile_groups < groups ? (uint32_t)record->tile_groups : groups;
    uint32_t window_bytes = 4 * ABREAST_WORDS * layer.steps;
    uint64_t scratch_bytes = window_bytes + (uint64_t)tile_groups * group_bytes;
    uint64_t in_bytes = volume(in_sizes, 3);
    uint64_t out_bytes = volume(out_sizes, 3);
    uint8_t *scratch = arena_at(op, record->scratch, scratch_bytes);
    window->input = arena_at(op, record->input, in_bytes);
    layer.output = arena_at(op, record->output, out_bytes);
    window->may_overrun = arena_at(op, record->input, in_bytes + WINDOW_OVERRUN) != NULL;
    const uint8_t *group = rom_at(op->space, record->weights, (uint64_t)groups * group_bytes);
    if (scratch == NULL || window->input == NULL || layer.output == NULL || group == NULL)
        return FAULT;
    if (!aligned(scratch) || !aligned(group) || !apart(layer.output, out_bytes, window->input, in_bytes) ||
        !apart(layer.output, out_bytes, scratch, scratch_bytes) ||
        !apart(window->input, in_bytes, scratch, scratch_bytes) || !spend(op, out_bytes * (taps + OUTPUT_WORK)))
        return DECLINED;
    layer.windows = (uint32_t *)(void *)scratch;
    layer.bytes = scratch + window_bytes;

    layer.by_rows = (window->row_bytes & 3) == 0 && (window->row_bytes >= WORTH_BYTES || record->kernel_h == 1);
    layer.same_pixels = layer.by_rows && sees_same_pixels(window, record->out_h);
    layer.pieces = layer.by_rows ? (uint32_t)record->kernel_h : 1;
    layer.piece_steps = layer.steps / layer.pieces;
    for (uint32_t first = 0; first < layer.out_c; first += CHUNK) {
        uint32_t count = layer.out_c - first < CHUNK ? layer.out_c - first : CHUNK;
        prepare_pairs(&layer, group, count);
        chunk(&layer, count, layer.output + first);
        group += count / 4 * group_bytes;
    }
    return DONE;
}
