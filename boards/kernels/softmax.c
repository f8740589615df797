/* softmax of assembly/nn, which describes the record. */
#include "operation.h"
#include "requantize.h"

struct exponentials {
    const uint8_t *table;
    int32_t size;
};

static int32_t exponential(const struct exponentials *of, int32_t difference)
{
    return difference >= of->size ? 0 : (int32_t)get_u32(of->table + 4 * difference);
}

static int32_t saturating_shift(int32_t value, uint32_t bits)
{
    int64_t wide = (int64_t)value * ((int64_t)1 << bits);
    return wide < INT32_MIN ? INT32_MIN : wide > INT32_MAX ? INT32_MAX : (int32_t)wide;
}

/* 1 / (1 + a), computed as softmax.ts does. */
static int32_t reciprocal(int32_t a)
{
    int32_t half = (int32_t)(((int64_t)a + INT32_MAX + 1) >> 1);
    int32_t x = wrapping_add(1515870810, multiply_high(half, -1010580540));
    for (int i = 0; i < 3; i++) {
        int32_t error = wrapping_add(1 << 29, -multiply_high(half, x));
        x = wrapping_add(x, saturating_shift(multiply_high(x, error), 2));
    }
    return saturating_shift(x, 1);
}

static uint32_t leading_zeros(uint32_t value)
{
    return (uint32_t)__builtin_clz(value);
}
_Static_assert(sizeof(unsigned int) == 4, "__builtin_clz counts in 32 bits");

static void row(const struct exponentials *of, const uint8_t *input, uint8_t *output, uint32_t depth)
{
    int32_t most = INT8_MIN;
    for (uint32_t i = 0; i < depth; i++)
        most = (int8_t)input[i] > most ? (int8_t)input[i] : most;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < depth; i++)
        sum += (uint32_t)divide_by_power_of_two(exponential(of, most - (int8_t)input[i]), OPERATOR_SOFTMAX_SUM_BITS);
    uint32_t headroom = leading_zeros(sum);
    int32_t scale = reciprocal((int32_t)((sum << headroom) - 0x80000000u));
    uint32_t shift = OPERATOR_SOFTMAX_SUM_BITS - headroom + 31 - 8;
    for (uint32_t i = 0; i < depth; i++) {
        int32_t e = exponential(of, most - (int8_t)input[i]);
        int32_t value = divide_by_power_of_two(multiply_high(scale, e), shift) + INT8_MIN;
        output[i] = (uint8_t)(value > INT8_MAX ? INT8_MAX : value);
    }
}

/* Returns whether the sum of a row's exponentials is positive and fits, as it is for every table from the compiler. */
static bool sums_fit(const struct exponentials *of)
{
    if ((int32_t)get_u32(of->table) < 1 << OPERATOR_SOFTMAX_SUM_BITS)
        return false;
    for (int32_t i = 0; i < of->size; i++)
        if ((int32_t)get_u32(of->table + 4 * i) < 0)
            return false;
    return true;
}

enum outcome kernel_softmax(struct operation *op)
{
    const struct softmax_record *record = &op->record.softmax;
    const int32_t sizes[] = {record->rows, record->depth};
    uint64_t count = volume(sizes, 2);
    if (count == 0 || record->depth > OPERATOR_MAX_SOFTMAX_DEPTH || record->table_size < 1 || record->table_size > 256)
        return DECLINED;
    struct exponentials of = {rom_at(op->space, record->table, 4 * (uint64_t)(uint32_t)record->table_size),
                              record->table_size};
    const uint8_t *input = arena_at(op, record->input, count);
    uint8_t *output = arena_at(op, record->output, count);
    if (of.table == NULL || input == NULL || output == NULL)
        return FAULT;
    if (!in_step(output, input, count) || !sums_fit(&of) || !spend(op, (count + (uint32_t)record->rows) * EXP_WORK))
        return DECLINED;
    uint32_t depth = (uint32_t)record->depth;
    for (uint32_t at = 0; at < count; at += depth)
        row(&of, input + at, output + at, depth);
    return DONE;
}
