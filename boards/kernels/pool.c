/* average_pool2d and max_pool2d of assembly/nn (pool.ts), which describes the record. */
#include "operation.h"
#include "requantize.h"
#include "window.h"

/* The part of one window inside the picture. */
struct part {
    const uint8_t *from;
    uint32_t rows, columns;
    /* Bytes from one row to the next, and from one column to the next. */
    uint32_t row, column;
};

static int32_t average(const struct part *part, uint32_t channel)
{
    int32_t sum = 0;
    const uint8_t *row = part->from + channel;
    for (uint32_t y = part->rows; y > 0; y--, row += part->row) {
        const uint8_t *at = row;
        for (uint32_t x = part->columns; x > 0; x--, at += part->column)
            sum += (int8_t)*at;
    }
    int32_t count = (int32_t)(part->rows * part->columns);
    int32_t half = count >> 1;
    return (sum > 0 ? sum + half : sum - half) / count;
}

static int32_t largest(const struct part *part, uint32_t channel)
{
    int32_t value = INT8_MIN;
    const uint8_t *row = part->from + channel;
    for (uint32_t y = part->rows; y > 0; y--, row += part->row) {
        const uint8_t *at = row;
        for (uint32_t x = part->columns; x > 0; x--, at += part->column)
            value = (int8_t)*at > value ? (int8_t)*at : value;
    }
    return value;
}

struct range {
    int32_t first;
    uint32_t count;
};

/* Sets the part of the window of output `index` inside an input of `size`. It is never empty after `meets`. */
static struct range overlap(int32_t index, int32_t stride, int32_t before, int32_t kernel, int32_t size)
{
    int32_t first = index * stride - before;
    int32_t end = first + kernel;
    first = first < 0 ? 0 : first;
    end = end > size ? size : end;
    return (struct range){first, (uint32_t)(end - first)};
}

/*
 * Returns whether every window of an axis has a part in the picture. Without one the portable kernel divides by zero or
 * reads elsewhere.
 */
static bool meets(int32_t outputs, int32_t stride, int32_t before, int32_t kernel, int32_t size)
{
    return before < kernel && (outputs - 1) * stride - before < size;
}

static enum outcome pool(struct operation *op, int32_t (*value)(const struct part *part, uint32_t channel))
{
    const struct pool_record *record = &op->record.pool;
    struct window window = {
        .in_h = record->in_h,
        .in_w = record->in_w,
        .channels = record->channels,
        .out_w = record->out_w,
        .kernel_h = record->kernel_h,
        .kernel_w = record->kernel_w,
        .stride_h = record->stride_h,
        .stride_w = record->stride_w,
        .dilation_h = 1,
        .dilation_w = 1,
        .pad_top = record->pad_top,
        .pad_left = record->pad_left,
    };
    if (!window_prepare(&window, record->out_h) ||
        !meets(record->out_h, window.stride_h, window.pad_top, window.kernel_h, window.in_h) ||
        !meets(record->out_w, window.stride_w, window.pad_left, window.kernel_w, window.in_w))
        return DECLINED;
    const int32_t in_sizes[] = {record->in_h, record->in_w, record->channels};
    const int32_t out_sizes[] = {record->out_h, record->out_w, record->channels};
    uint64_t in_bytes = volume(in_sizes, 3);
    uint64_t out_bytes = volume(out_sizes, 3);
    const uint8_t *input = arena_at(op, record->input, in_bytes);
    uint8_t *output = arena_at(op, record->output, out_bytes);
    if (input == NULL || output == NULL)
        return FAULT;
    /* Parts outside cost nothing, so a window counts as at most the picture. */
    uint64_t rows = (uint32_t)(window.kernel_h < window.in_h ? window.kernel_h : window.in_h);
    uint64_t columns = (uint32_t)(window.kernel_w < window.in_w ? window.kernel_w : window.in_w);
    if (!apart(output, out_bytes, input, in_bytes) || !spend(op, out_bytes * (rows * columns + OUTPUT_WORK)))
        return DECLINED;

    uint32_t channels = (uint32_t)window.channels;
    struct part part = {.row = (uint32_t)window.in_w * channels, .column = channels};
    for (int32_t y = 0; y < record->out_h; y++) {
        struct range vertical = overlap(y, window.stride_h, window.pad_top, window.kernel_h, window.in_h);
        for (int32_t x = 0; x < window.out_w; x++) {
            struct range horizontal = overlap(x, window.stride_w, window.pad_left, window.kernel_w, window.in_w);
            part.from = input + (uint32_t)vertical.first * part.row + (uint32_t)horizontal.first * part.column;
            part.rows = vertical.count;
            part.columns = horizontal.count;
            for (uint32_t channel = 0; channel < channels; channel++)
                *output++ = (uint8_t)clamp(value(&part, channel), record->output_min, record->output_max);
        }
    }
    return DONE;
}

enum outcome kernel_average_pool2d(struct operation *op)
{
    return pool(op, average);
}

enum outcome kernel_max_pool2d(struct operation *op)
{
    return pool(op, largest);
}
