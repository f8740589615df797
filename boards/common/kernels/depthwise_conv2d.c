/* depthwise_conv2d of assembly/nn, where record and weights are described. */
#include "operation.h"
#include "scale.h"
#include "window.h"

enum {
    INPUT,
    OUTPUT,
    SCRATCH,
    IN_H,
    IN_W,
    CHANNELS,
    OUT_H,
    OUT_W,
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

/* Channels of a group, and bytes of its weights for a tap. */
#define LANES 4

struct layer {
    struct window window;
    int32_t out_h;
    uint32_t channels;
    uint32_t taps;
    int32_t zero, low, high;
    const uint8_t *weights;
    uint32_t group_bytes;
    uint8_t *output;
    /* The window of one output pixel, all channels. */
    uint8_t *patch;
};

/* Four channels, or as many as there are from `channel` on, of one output pixel. */
static void convolve(const struct layer *layer, uint32_t channel, uint8_t *output)
{
    const uint8_t *group = layer->weights + channel / LANES * layer->group_bytes;
    const uint8_t *weight = group + PARAMS_BYTES;
    const uint8_t *value = layer->patch + channel;
    int32_t sums[LANES];
    for (uint32_t lane = 0; lane < LANES; lane++)
        sums[lane] = (int32_t)get_u32(group + 4 * lane);
    for (uint32_t tap = layer->taps; tap > 0; tap--, weight += LANES, value += layer->channels)
        for (uint32_t lane = 0; lane < LANES; lane++)
            sums[lane] = wrapping_add(sums[lane], (int8_t)value[lane] * (int8_t)weight[lane]);
    for (uint32_t lane = 0; lane < LANES && channel + lane < layer->channels; lane++)
        output[channel + lane] = requantize(sums[lane], group, lane, layer->zero, layer->low, layer->high);
}

static void any_window(const struct layer *layer)
{
    uint8_t *output = layer->output;
    for (int32_t y = 0; y < layer->out_h; y++) {
        for (int32_t x = 0; x < layer->window.out_w; x++, output += layer->channels) {
            window_copy(&layer->window, y, x, layer->patch);
            for (uint32_t channel = 0; channel < layer->channels; channel += LANES)
                convolve(layer, channel, output);
        }
    }
}

static struct window read_window(const struct operation *op)
{
    const int32_t *field = op->field;
    return (struct window){
        .in_h = field[IN_H],
        .in_w = field[IN_W],
        .channels = field[CHANNELS],
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

enum outcome kernel_depthwise_conv2d(struct operation *op)
{
    const int32_t *field = op->field;
    struct layer layer = {
        .window = read_window(op),
        .out_h = field[OUT_H],
        .zero = field[OUTPUT_ZERO],
        .low = field[OUTPUT_MIN],
        .high = field[OUTPUT_MAX],
    };
    if (!window_fits(&layer.window, field[OUT_H]) || field[TILE_GROUPS] < 1)
        return DECLINED;
    const int32_t in_sizes[] = {field[IN_H], field[IN_W], field[CHANNELS]};
    const int32_t out_sizes[] = {field[OUT_H], field[OUT_W], field[CHANNELS]};
    const int32_t patch_sizes[] = {field[KERNEL_H], field[KERNEL_W], field[CHANNELS]};
    uint64_t in_bytes = volume(in_sizes, 3);
    uint64_t out_bytes = volume(out_sizes, 3);
    uint64_t patch_bytes = volume(patch_sizes, 3);
    if (patch_bytes >= TOO_MUCH)
        return FAULT;
    layer.channels = (uint32_t)field[CHANNELS];
    layer.taps = (uint32_t)field[KERNEL_H] * (uint32_t)field[KERNEL_W];

    uint64_t group_bytes = PARAMS_BYTES + (uint64_t)LANES * layer.taps;
    uint32_t groups = (layer.channels + LANES - 1) / LANES;
    uint32_t tile_groups = (uint32_t)field[TILE_GROUPS] < groups ? (uint32_t)field[TILE_GROUPS] : groups;
    /* Groups read four channels of each tap, so the last may be read three bytes past its end. */
    uint64_t scratch_bytes = ((patch_bytes + 6) & ~(uint64_t)3) + tile_groups * group_bytes;
    layer.window.input = arena_at(op, field[INPUT], in_bytes);
    layer.output = arena_at(op, field[OUTPUT], out_bytes);
    layer.patch = arena_at(op, field[SCRATCH], scratch_bytes);
    layer.weights = rom_at(op->space, field[WEIGHTS], groups * group_bytes);
    if (layer.window.input == NULL || layer.output == NULL || layer.patch == NULL || layer.weights == NULL)
        return FAULT;
    layer.group_bytes = (uint32_t)group_bytes;
    if (!aligned(layer.patch) || !aligned(layer.weights) || !apart(layer.output, out_bytes, layer.window.input, in_bytes) ||
        !apart(layer.output, out_bytes, layer.patch, scratch_bytes) ||
        !apart(layer.window.input, in_bytes, layer.patch, scratch_bytes) || !spend(op, out_bytes * layer.taps))
        return DECLINED;
    any_window(&layer);
    return DONE;
}
