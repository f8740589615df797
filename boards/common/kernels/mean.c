/* mean of assembly/nn, where the record is described. */
#include "operation.h"
#include "requantize.h"

enum { INPUT, OUTPUT, OUTER, REDUCED, INNER, BIAS, MULTIPLIER, LEFT, RIGHT, OUTPUT_ZERO };

enum outcome kernel_mean(struct operation *op)
{
    const int32_t *field = op->field;
    const int32_t in_sizes[] = {field[OUTER], field[REDUCED], field[INNER]};
    const int32_t out_sizes[] = {field[OUTER], field[INNER]};
    uint64_t in_bytes = volume(in_sizes, 3);
    uint64_t out_bytes = volume(out_sizes, 2);
    if (in_bytes == 0)
        return DECLINED;
    const uint8_t *input = arena_at(op, field[INPUT], in_bytes);
    uint8_t *output = arena_at(op, field[OUTPUT], out_bytes);
    if (input == NULL || output == NULL)
        return FAULT;
    if (!apart(output, out_bytes, input, in_bytes) || !spend(op, in_bytes + out_bytes * OUTPUT_WORK))
        return DECLINED;
    uint32_t inner = (uint32_t)field[INNER];
    for (int32_t outer = field[OUTER]; outer > 0; outer--, input += (uint32_t)field[REDUCED] * inner) {
        for (uint32_t i = 0; i < inner; i++) {
            int32_t sum = field[BIAS];
            const uint8_t *at = input + i;
            for (int32_t n = field[REDUCED]; n > 0; n--, at += inner)
                sum = wrapping_add(sum, (int8_t)*at);
            int32_t value = multiply_quickly(sum, field[MULTIPLIER], (uint32_t)field[LEFT], (uint32_t)field[RIGHT]);
            *output++ = (uint8_t)clamp(wrapping_add(value, field[OUTPUT_ZERO]), INT8_MIN, INT8_MAX);
        }
    }
    return DONE;
}
