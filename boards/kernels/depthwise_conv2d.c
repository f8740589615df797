/* depthwise_conv2d of assembly/nn, which describes record and weights. */
#include <string.h>

#include "depthwise.h"
#include "operation.h"

struct sums {
    uint32_t lane[LANES];
};

/* Adds the products of one tap of a whole group. */
static inline struct sums add_tap(struct sums sums, const uint8_t *value, const uint8_t *weight)
{
#if KERNELS_DSP
    uint32_t values = get_u32(value);
    uint32_t weights = get_u32(weight);
    uint32_t values02 = even_bytes(values);
    uint32_t values13 = odd_bytes(values);
    uint32_t weights02 = even_bytes(weights);
    uint32_t weights13 = odd_bytes(weights);
    return (struct sums){{
        add_low_product(sums.lane[0], values02, weights02),
        add_low_product(sums.lane[1], values13, weights13),
        add_high_product(sums.lane[2], values02, weights02),
        add_high_product(sums.lane[3], values13, weights13),
    }};
#else
    return (struct sums){{
        sums.lane[0] + (uint32_t)((int8_t)value[0] * (int8_t)weight[0]),
        sums.lane[1] + (uint32_t)((int8_t)value[1] * (int8_t)weight[1]),
        sums.lane[2] + (uint32_t)((int8_t)value[2] * (int8_t)weight[2]),
        sums.lane[3] + (uint32_t)((int8_t)value[3] * (int8_t)weight[3]),
    }};
#endif
}

/* A window inside the picture, starting at `row`. */
static struct sums add_rows(struct sums sums, const struct depthwise *layer, const uint8_t *row, const uint8_t *weight)
{
    const struct window *window = &layer->window;
    int32_t rows = window->kernel_h;
    int32_t columns = window->kernel_w;
    uint32_t step = layer->channels;
    if (columns == 1) {
        /* A column is processed like a row. */
        columns = rows;
        rows = 1;
        step = window->step_bytes;
    }
    for (; rows > 0; rows--, row += window->step_bytes) {
        const uint8_t *value = row;
        for (int32_t left = columns; left > 0; left--, value += step, weight += LANES)
            sums = add_tap(sums, value, weight);
    }
    return sums;
}

/* Any window, for the group's `lanes` channels starting with number `first`. */
static struct sums add_window(struct sums sums, const struct depthwise *layer, uint32_t first, uint32_t lanes,
                              struct corner corner, const uint8_t *weight)
{
    const struct window *window = &layer->window;
    int32_t y = corner.top;
    for (int32_t ky = window->kernel_h; ky > 0; ky--, y += window->dilation_h) {
        int32_t x = corner.left;
        for (int32_t kx = window->kernel_w; kx > 0; kx--, x += window->dilation_w, weight += LANES) {
            bool inside = y >= 0 && y < window->in_h && x >= 0 && x < window->in_w;
            uint8_t values[LANES] = {window->zero, window->zero, window->zero, window->zero};
            if (inside)
                memcpy(values, window->input + (uint32_t)(y * window->in_w + x) * layer->channels + first, lanes);
            sums = add_tap(sums, values, weight);
        }
    }
    return sums;
}

void depthwise_any(const struct depthwise *layer, const uint8_t *group, uint32_t first)
{
    const struct window *window = &layer->window;
    const uint8_t *weight = group + OPERATOR_PARAMS_BYTES;
    uint32_t lanes = layer->channels - first < LANES ? layer->channels - first : LANES;
    uint8_t *output = layer->output + first;
    for (int32_t y = 0; y < layer->out_h; y++) {
        for (int32_t x = 0; x < window->out_w; x++, output += layer->channels) {
            struct sums sums = {{get_u32(group), get_u32(group + 4), get_u32(group + 8), get_u32(group + 12)}};
            struct corner corner = window_corner(window, y, x);
            const uint8_t *origin = lanes == LANES ? window_origin(window, corner) : NULL;
            if (origin != NULL)
                sums = add_rows(sums, layer, origin + first, weight);
            else
                sums = add_window(sums, layer, first, lanes, corner, weight);
            const int32_t with_bias[LANES] = {(int32_t)sums.lane[0], (int32_t)sums.lane[1], (int32_t)sums.lane[2],
                                              (int32_t)sums.lane[3]};
            requantize_group(with_bias, group, lanes, &layer->range, output);
        }
    }
}

enum outcome kernel_depthwise_conv2d(struct operation *op)
{
    const struct depthwise_conv2d_record *record = &op->record.depthwise_conv2d;
    struct depthwise layer = {
        .window = WINDOW_OF(record, record->channels),
        .out_h = record->out_h,
        .range = output_range(record->output_zero, record->output_min, record->output_max),
    };
    if (!window_prepare(&layer.window, record->out_h) || record->tile_groups < 1)
        return DECLINED;
    const int32_t in_sizes[] = {record->in_h, record->in_w, record->channels};
    const int32_t out_sizes[] = {record->out_h, record->out_w, record->channels};
    const int32_t patch_sizes[] = {record->kernel_h, record->kernel_w, record->channels};
    uint64_t in_bytes = volume(in_sizes, 3);
    uint64_t out_bytes = volume(out_sizes, 3);
    uint64_t patch_bytes = volume(patch_sizes, 3);
    if (patch_bytes >= TOO_MUCH)
        return FAULT;
    layer.channels = (uint32_t)record->channels;
    layer.taps = (uint32_t)record->kernel_h * (uint32_t)record->kernel_w;

    uint64_t group_bytes = OPERATOR_PARAMS_BYTES + (uint64_t)LANES * layer.taps;
    uint32_t groups = (layer.channels + LANES - 1) / LANES;
    uint32_t tile_groups = (uint32_t)record->tile_groups < groups ? (uint32_t)record->tile_groups : groups;
    /* Groups read four channels of each tap, so the last tap may be read three bytes past its end. */
    uint64_t scratch_bytes = ((patch_bytes + 6) & ~(uint64_t)3) + tile_groups * group_bytes;
    layer.window.input = arena_at(op, record->input, in_bytes);
    layer.output = arena_at(op, record->output, out_bytes);
    const uint8_t *patch = arena_at(op, record->scratch, scratch_bytes);
    const uint8_t *group = rom_at(op->space, record->weights, groups * group_bytes);
    if (layer.window.input == NULL || layer.output == NULL || patch == NULL || group == NULL)
        return FAULT;
    if (!aligned(group) || !apart(layer.output, out_bytes, layer.window.input, in_bytes) ||
        !apart(layer.output, out_bytes, patch, scratch_bytes) ||
        !apart(layer.window.input, in_bytes, patch, scratch_bytes) ||
        !spend(op, out_bytes * (layer.taps + OUTPUT_WORK)))
        return DECLINED;
    for (uint32_t first = 0; first < layer.channels; first += LANES, group += group_bytes)
        if (!depthwise_3x3(&layer, group, first))
            depthwise_any(&layer, group, first);
    return DONE;
}
