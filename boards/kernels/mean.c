/* mean of assembly/nn, which describes the record. */
#include "operation.h"
#include "requantize.h"

enum outcome kernel_mean(struct operation *op)
{
    const struct mean_record *record = &op->record.mean;
    const int32_t in_sizes[] = {record->outer, record->reduced, record->inner};
    const int32_t out_sizes[] = {record->outer, record->inner};
    uint64_t in_bytes = volume(in_sizes, 3);
    uint64_t out_bytes = volume(out_sizes, 2);
    if (in_bytes == 0)
        return DECLINED;
    const uint8_t *input = arena_at(op, record->input, in_bytes);
    uint8_t *output = arena_at(op, record->output, out_bytes);
    if (input == NULL || output == NULL)
        return FAULT;
    if (!apart(output, out_bytes, input, in_bytes) || !spend(op, in_bytes + out_bytes * OUTPUT_WORK))
        return DECLINED;
    uint32_t inner = (uint32_t)record->inner;
    for (int32_t outer = record->outer; outer > 0; outer--, input += (uint32_t)record->reduced * inner) {
        for (uint32_t i = 0; i < inner; i++) {
            int32_t sum = record->bias;
            const uint8_t *at = input + i;
            for (int32_t n = record->reduced; n > 0; n--, at += inner)
                sum = wrapping_add(sum, (int8_t)*at);
            int32_t value = multiply_quickly(sum, record->multiplier, (uint32_t)record->left, (uint32_t)record->right);
            *output++ = (uint8_t)clamp(wrapping_add(value, record->output_zero), INT8_MIN, INT8_MAX);
        }
    }
    return DONE;
}
