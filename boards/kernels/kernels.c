/* Runs a program of operators, starting with its first entry, as long as each has a native kernel that accepts it. */
#include "kernels.h"

#include "operation.h"

_Alignas(16) uint32_t kernels_shared[SHARED_WORDS];

struct kernel {
    enum outcome (*run)(struct operation *op);
    /* Words of the operator's record. */
    uint32_t words;
};

#define KERNEL(number, name, record) [number] = {kernel_##name, sizeof(struct record##_record) / 4},
static const struct kernel kernels[OPERATOR_COUNT] = {OPERATORS(KERNEL)};

static enum outcome run_entry(struct operation *op, const uint8_t *entry)
{
    uint32_t number = get_u32(entry);
    if (number >= OPERATOR_COUNT || !spend(op, ENTRY_WORK))
        return DECLINED;
    const struct kernel *kernel = &kernels[number];
    const uint8_t *record = rom_at(op->space, (int32_t)get_u32(entry + 4), 4 * kernel->words);
    if (record == NULL)
        return FAULT;
    for (uint32_t i = 0; i < kernel->words; i++)
        op->record.words[i] = (int32_t)get_u32(record + 4 * i);
    return kernel->run(op);
}

int32_t kernels_run(const struct kernels_space *space, uint32_t arena, uint32_t program, uint32_t count)
{
    const uint8_t *entries = rom_at(space, (int32_t)program, (uint64_t)count * OPERATOR_ENTRY_BYTES);
    if (entries == NULL || count > INT32_MAX || arena > space->memory_bytes)
        return KERNELS_FAULT;
    struct operation op;
    op.space = space;
    op.arena = space->memory + arena;
    op.arena_bytes = space->memory_bytes - arena;
    op.work_left = KERNELS_CALL_WORK;
    for (uint32_t entry = 0; entry < count; entry++) {
        enum outcome outcome = run_entry(&op, entries + entry * OPERATOR_ENTRY_BYTES);
        if (outcome == FAULT)
            return KERNELS_FAULT;
        if (outcome == DECLINED)
            return (int32_t)entry;
        if (space->observe != NULL)
            space->observe(space->context, entry);
    }
    return (int32_t)count;
}
