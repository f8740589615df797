/* Operators of assembly/nn that move bytes: copy, constant, pad, transpose. */
#include <string.h>

#include "operation.h"

enum outcome kernel_copy(struct operation *op)
{
    const struct copy_record *record = &op->record.copy;
    if (record->bytes < 1)
        return DECLINED;
    uint32_t bytes = (uint32_t)record->bytes;
    const uint8_t *input = arena_at(op, record->input, bytes);
    uint8_t *output = arena_at(op, record->output, bytes);
    if (input == NULL || output == NULL)
        return FAULT;
    if (!spend(op, bytes))
        return DECLINED;
    memmove(output, input, bytes);
    return DONE;
}

enum outcome kernel_constant(struct operation *op)
{
    const struct constant_record *record = &op->record.constant;
    if (record->bytes < 1)
        return DECLINED;
    uint32_t bytes = (uint32_t)record->bytes;
    const uint8_t *input = rom_at(op->space, record->input, bytes);
    uint8_t *output = arena_at(op, record->output, bytes);
    if (input == NULL || output == NULL)
        return FAULT;
    if (!spend(op, bytes))
        return DECLINED;
    memcpy(output, input, bytes);
    return DONE;
}

/* How far the last index of a dimension is from the first. */
static uint64_t reach(int32_t size, int32_t stride)
{
    return (uint64_t)(uint32_t)(size - 1) * (uint32_t)stride;
}

enum outcome kernel_pad(struct operation *op)
{
    const struct pad_record *record = &op->record.pad;
    const int32_t sizes[] = {record->size[0], record->size[1], record->size[2], record->run};
    uint64_t in_bytes = volume(sizes, 4);
    if (in_bytes == 0 || record->output_bytes < 1 || record->stride[0] < 0 || record->stride[1] < 0 ||
        record->stride[2] < 0 || record->first < 0)
        return DECLINED;
    uint32_t out_bytes = (uint32_t)record->output_bytes;
    const uint8_t *input = arena_at(op, record->input, in_bytes);
    uint8_t *output = arena_at(op, record->output, out_bytes);
    if (input == NULL || output == NULL)
        return FAULT;
    uint32_t run = (uint32_t)record->run;
    uint64_t end = (uint64_t)(uint32_t)record->first + reach(record->size[0], record->stride[0]) +
                   reach(record->size[1], record->stride[1]) + reach(record->size[2], record->stride[2]) + run;
    if (end > out_bytes || !apart(output, out_bytes, input, in_bytes) ||
        !spend(op, (in_bytes + out_bytes) * MOVE_WORK))
        return DECLINED;
    memset(output, record->value & 0xff, out_bytes);
    uint8_t *outer = output + record->first;
    for (int32_t i = record->size[0]; i > 0; i--, outer += record->stride[0]) {
        uint8_t *middle = outer;
        for (int32_t j = record->size[1]; j > 0; j--, middle += record->stride[1]) {
            uint8_t *at = middle;
            for (int32_t k = record->size[2]; k > 0; k--, at += record->stride[2], input += run)
                memcpy(at, input, run);
        }
    }
    return DONE;
}

enum outcome kernel_transpose(struct operation *op)
{
    const struct transpose_record *record = &op->record.transpose;
    uint64_t out_bytes = volume(record->size, 4);
    if (out_bytes == 0)
        return DECLINED;
    uint64_t in_bytes = 1;
    for (uint32_t i = 0; i < 4; i++) {
        if (record->stride[i] < 0)
            return DECLINED;
        in_bytes += reach(record->size[i], record->stride[i]);
    }
    const uint8_t *input = arena_at(op, record->input, in_bytes);
    uint8_t *output = arena_at(op, record->output, out_bytes);
    if (input == NULL || output == NULL)
        return FAULT;
    if (!apart(output, out_bytes, input, in_bytes) || !spend(op, out_bytes * MOVE_WORK))
        return DECLINED;
    uint32_t stride = (uint32_t)record->stride[3];
    for (uint32_t i = 0; i < (uint32_t)record->size[0]; i++) {
        for (uint32_t j = 0; j < (uint32_t)record->size[1]; j++) {
            for (uint32_t k = 0; k < (uint32_t)record->size[2]; k++) {
                uint32_t from = i * (uint32_t)record->stride[0] + j * (uint32_t)record->stride[1] +
                                k * (uint32_t)record->stride[2];
                for (int32_t n = record->size[3]; n > 0; n--, from += stride)
                    *output++ = input[from];
            }
        }
    }
    return DONE;
}
