/* Operators of assembly/nn that move bytes: copy, constant, pad, transpose. */
#include <string.h>

#include "operation.h"

/* The records of copy and constant; all four begin with these two. */
enum { INPUT, OUTPUT, BYTES };

enum outcome kernel_copy(struct operation *op)
{
    const int32_t *field = op->field;
    if (field[BYTES] < 1)
        return DECLINED;
    uint32_t bytes = (uint32_t)field[BYTES];
    const uint8_t *input = arena_at(op, field[INPUT], bytes);
    uint8_t *output = arena_at(op, field[OUTPUT], bytes);
    if (input == NULL || output == NULL)
        return FAULT;
    if (!spend(op, bytes))
        return DECLINED;
    memmove(output, input, bytes);
    return DONE;
}

enum outcome kernel_constant(struct operation *op)
{
    const int32_t *field = op->field;
    if (field[BYTES] < 1)
        return DECLINED;
    uint32_t bytes = (uint32_t)field[BYTES];
    const uint8_t *input = rom_at(op->space, field[INPUT], bytes);
    uint8_t *output = arena_at(op, field[OUTPUT], bytes);
    if (input == NULL || output == NULL)
        return FAULT;
    if (!spend(op, bytes))
        return DECLINED;
    memcpy(output, input, bytes);
    return DONE;
}

enum {
    PAD_VALUE = 2,
    PAD_BYTES,
    PAD_DIM0,
    PAD_DIM1,
    PAD_DIM2,
    PAD_RUN,
    PAD_STRIDE0,
    PAD_STRIDE1,
    PAD_STRIDE2,
    PAD_FIRST
};

/* How far the last index of a dimension is from the first. */
static uint64_t reach(int32_t size, int32_t stride)
{
    return (uint64_t)(uint32_t)(size - 1) * (uint32_t)stride;
}

enum outcome kernel_pad(struct operation *op)
{
    const int32_t *field = op->field;
    uint64_t in_bytes = volume(&field[PAD_DIM0], 4);
    if (in_bytes == 0 || field[PAD_BYTES] < 1 || field[PAD_STRIDE0] < 0 || field[PAD_STRIDE1] < 0 ||
        field[PAD_STRIDE2] < 0 || field[PAD_FIRST] < 0)
        return DECLINED;
    uint32_t out_bytes = (uint32_t)field[PAD_BYTES];
    const uint8_t *input = arena_at(op, field[INPUT], in_bytes);
    uint8_t *output = arena_at(op, field[OUTPUT], out_bytes);
    if (input == NULL || output == NULL)
        return FAULT;
    uint32_t run = (uint32_t)field[PAD_RUN];
    uint64_t end = (uint64_t)(uint32_t)field[PAD_FIRST] + reach(field[PAD_DIM0], field[PAD_STRIDE0]) +
                   reach(field[PAD_DIM1], field[PAD_STRIDE1]) + reach(field[PAD_DIM2], field[PAD_STRIDE2]) + run;
    if (end > out_bytes || !apart(output, out_bytes, input, in_bytes) ||
        !spend(op, (in_bytes + out_bytes) * MOVE_WORK))
        return DECLINED;
    memset(output, field[PAD_VALUE] & 0xff, out_bytes);
    uint8_t *outer = output + field[PAD_FIRST];
    for (int32_t i = field[PAD_DIM0]; i > 0; i--, outer += field[PAD_STRIDE0]) {
        uint8_t *middle = outer;
        for (int32_t j = field[PAD_DIM1]; j > 0; j--, middle += field[PAD_STRIDE1]) {
            uint8_t *at = middle;
            for (int32_t k = field[PAD_DIM2]; k > 0; k--, at += field[PAD_STRIDE2], input += run)
                memcpy(at, input, run);
        }
    }
    return DONE;
}

enum { TURN_DIM0 = 2, TURN_DIM1, TURN_DIM2, TURN_DIM3, TURN_STRIDE0, TURN_STRIDE1, TURN_STRIDE2, TURN_STRIDE3 };

enum outcome kernel_transpose(struct operation *op)
{
    const int32_t *field = op->field;
    uint64_t out_bytes = volume(&field[TURN_DIM0], 4);
    if (out_bytes == 0)
        return DECLINED;
    uint64_t in_bytes = 1;
    for (uint32_t i = 0; i < 4; i++) {
        if (field[TURN_STRIDE0 + i] < 0)
            return DECLINED;
        in_bytes += reach(field[TURN_DIM0 + i], field[TURN_STRIDE0 + i]);
    }
    const uint8_t *input = arena_at(op, field[INPUT], in_bytes);
    uint8_t *output = arena_at(op, field[OUTPUT], out_bytes);
    if (input == NULL || output == NULL)
        return FAULT;
    if (!apart(output, out_bytes, input, in_bytes) || !spend(op, out_bytes * MOVE_WORK))
        return DECLINED;
    uint32_t stride = (uint32_t)field[TURN_STRIDE3];
    for (uint32_t i = 0; i < (uint32_t)field[TURN_DIM0]; i++) {
        for (uint32_t j = 0; j < (uint32_t)field[TURN_DIM1]; j++) {
            for (uint32_t k = 0; k < (uint32_t)field[TURN_DIM2]; k++) {
                uint32_t from = i * (uint32_t)field[TURN_STRIDE0] + j * (uint32_t)field[TURN_STRIDE1] +
                                k * (uint32_t)field[TURN_STRIDE2];
                for (int32_t n = field[TURN_DIM3]; n > 0; n--, from += stride)
                    *output++ = input[from];
            }
        }
    }
    return DONE;
}
