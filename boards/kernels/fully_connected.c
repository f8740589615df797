/* fully_connected of assembly/nn, which describes record and weights. */
#include "dot.h"
#include "operation.h"

/* Steps of the input that are expanded at once. */
#define PIECE_STEPS 512
_Static_assert(PIECE_STEPS * 2 <= SHARED_WORDS, "a piece of the spread input must fit");

enum outcome kernel_fully_connected(struct operation *op)
{
    const struct fully_connected_record *record = &op->record.fully_connected;
    if (record->steps < 1 || record->outputs < 1 || record->tile_steps < 1)
        return DECLINED;
    uint32_t steps = (uint32_t)record->steps;
    uint32_t outputs = (uint32_t)record->outputs;
    int32_t tile_steps = record->tile_steps < record->steps ? record->tile_steps : record->steps;
    uint64_t tile_bytes = (uint64_t)OPERATOR_STEP_BYTES * (uint32_t)tile_steps;
    uint64_t in_bytes = (uint64_t)4 * steps;
    uint64_t groups = ((uint64_t)outputs + 3) / 4;
    uint64_t group_bytes = OPERATOR_PARAMS_BYTES + (uint64_t)OPERATOR_STEP_BYTES * steps;
    /* A group has at least 64 bytes. No rom holds more groups than this, and fewer do not overflow the product. */
    const uint8_t *group =
        groups > op->space->rom_bytes ? NULL : rom_at(op->space, record->weights, groups * group_bytes);
    const uint8_t *input = arena_at(op, record->input, in_bytes);
    uint8_t *output = arena_at(op, record->output, outputs);
    const uint8_t *tile = arena_at(op, record->scratch, tile_bytes);
    if (group == NULL || input == NULL || output == NULL || tile == NULL)
        return FAULT;
    if (!aligned(group) || !apart(output, outputs, input, in_bytes) || !apart(output, outputs, tile, tile_bytes) ||
        !apart(input, in_bytes, tile, tile_bytes) ||
        !spend(op, outputs * (in_bytes + OUTPUT_WORK)))
        return DECLINED;

    struct output_range range = output_range(record->output_zero, record->output_min, record->output_max);
    for (uint32_t first = 0; first < outputs; first += 4) {
        int32_t sums[4];
        for (uint32_t lane = 0; lane < 4; lane++)
            sums[lane] = (int32_t)get_u32(group + 4 * lane);
        const uint8_t *weights = group + OPERATOR_PARAMS_BYTES;
        for (uint32_t step = 0; step < steps; step += PIECE_STEPS) {
            uint32_t piece = steps - step < PIECE_STEPS ? steps - step : PIECE_STEPS;
            if (first == 0 || steps > PIECE_STEPS)
                spread_signed(input + 4 * step, piece, kernels_shared);
            dot_alone(weights, kernels_shared, piece, sums);
            weights += OPERATOR_STEP_BYTES * piece;
        }
        requantize_group(sums, group, outputs - first < 4 ? outputs - first : 4, &range, output + first);
        group = weights;
    }
    return DONE;
}
