/* Runs a program of operators from its first entry on, as long as each has a native kernel that takes it. */
#include "kernels.h"

#include "../abi.h"
#include "operation.h"

_Alignas(16) uint32_t kernels_shared[SHARED_WORDS];

struct kernel {
    enum outcome (*run)(struct operation *op);
    /* Words of its record. */
    uint32_t words;
};

static const struct kernel kernels[ABI_OPERATORS] = {
    [ABI_OPERATOR_ADD] = {kernel_add, 15},
    [ABI_OPERATOR_AVERAGE_POOL2D] = {kernel_average_pool2d, 15},
    [ABI_OPERATOR_CONSTANT] = {kernel_constant, 3},
    [ABI_OPERATOR_CONV2D] = {kernel_conv2d, 23},
    [ABI_OPERATOR_COPY] = {kernel_copy, 3},
    [ABI_OPERATOR_DEPTHWISE_CONV2D] = {kernel_depthwise_conv2d, 22},
    [ABI_OPERATOR_DEQUANTIZE] = {kernel_dequantize, 5},
    [ABI_OPERATOR_FULLY_CONNECTED] = {kernel_fully_connected, 10},
    [ABI_OPERATOR_LOOKUP] = {kernel_lookup, 5},
    [ABI_OPERATOR_MAX_POOL2D] = {kernel_max_pool2d, 15},
    [ABI_OPERATOR_MEAN] = {kernel_mean, 10},
    [ABI_OPERATOR_PAD] = {kernel_pad, 12},
    [ABI_OPERATOR_QUANTIZE] = {kernel_quantize, 5},
    [ABI_OPERATOR_SOFTMAX] = {kernel_softmax, 6},
    [ABI_OPERATOR_TRANSPOSE] = {kernel_transpose, 10},
};
_Static_assert(ABI_OPERATORS == 15, "an operator was added: give it a kernel, or an entry without one");

#define ENTRY_BYTES 8

static enum outcome run_entry(struct operation *op, const uint8_t *entry)
{
    uint32_t number = get_u32(entry);
    if (number >= ABI_OPERATORS || !spend(op, ENTRY_WORK))
        return DECLINED;
    const struct kernel *kernel = &kernels[number];
    const uint8_t *record = rom_at(op->space, (int32_t)get_u32(entry + 4), 4 * kernel->words);
    if (record == NULL)
        return FAULT;
    for (uint32_t i = 0; i < kernel->words; i++)
        op->field[i] = (int32_t)get_u32(record + 4 * i);
    return kernel->run(op);
}

int32_t kernels_run(const struct kernels_space *space, uint32_t arena, uint32_t program, uint32_t count)
{
    const uint8_t *entries = rom_at(space, (int32_t)program, (uint64_t)count * ENTRY_BYTES);
    if (entries == NULL || count > INT32_MAX || arena > space->memory_bytes)
        return KERNELS_FAULT;
    struct operation op;
    op.space = space;
    op.arena = space->memory + arena;
    op.arena_bytes = space->memory_bytes - arena;
    op.work_left = KERNELS_CALL_WORK;
    for (uint32_t entry = 0; entry < count; entry++) {
        enum outcome outcome = run_entry(&op, entries + entry * ENTRY_BYTES);
        if (outcome == FAULT)
            return KERNELS_FAULT;
        if (outcome == DECLINED)
            return (int32_t)entry;
        if (space->observe != NULL)
            space->observe(space->context, entry);
    }
    return (int32_t)count;
}
