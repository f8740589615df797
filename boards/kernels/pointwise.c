/* Operators of assembly/nn that process value by value: add, lookup, quantize, dequantize. */
#include <string.h>

#include "operation.h"
#include "scale.h"

_Static_assert(sizeof(float) == 4, "float is IEEE single precision");

static float to_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint32_t to_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/*
 * Fills `table` with each value of an input on the common scale. Returns the largest distance of one of them from 0.
 */
static uint32_t scale_values(int32_t *table, int32_t zero, int32_t multiplier, uint32_t shift)
{
    uint32_t most = 0;
    for (int32_t value = INT8_MIN; value <= INT8_MAX; value++) {
        int32_t lifted = (int32_t)(((uint32_t)value - (uint32_t)zero) << OPERATOR_ADD_LIFT);
        int32_t scaled = multiply_quickly(lifted, multiplier, 0, shift);
        uint32_t distance = scaled < 0 ? -(uint32_t)scaled : (uint32_t)scaled;
        most = distance > most ? distance : most;
        table[(uint8_t)value] = scaled;
    }
    return most;
}

/* Only sums of short scales. */
static void add_quickly(const struct scale *scale, const int32_t *table_a, const int32_t *table_b, const uint8_t *a,
                        const uint8_t *b, uint8_t *output, uint32_t count)
{
    struct scale local = *scale;
    for (uint32_t i = 0; i < count; i++)
        output[i] = scale_apply(&local, 2 * (table_a[a[i]] + table_b[b[i]]));
}

enum outcome kernel_add(struct operation *op)
{
    const struct add_record *record = &op->record.add;
    if (record->count < 1)
        return DECLINED;
    uint32_t count = (uint32_t)record->count;
    const uint8_t *a = arena_at(op, record->input_a, count);
    const uint8_t *b = arena_at(op, record->input_b, count);
    uint8_t *output = arena_at(op, record->output, count);
    if (a == NULL || b == NULL || output == NULL)
        return FAULT;
    if (!in_step(output, a, count) || !in_step(output, b, count) ||
        !spend(op, ((uint64_t)count + 2 * 256) * OUTPUT_WORK))
        return DECLINED;
    int32_t *table_a = (int32_t *)(void *)kernels_shared;
    int32_t *table_b = table_a + 256;
    uint32_t most_a = scale_values(table_a, record->zero_a, record->multiplier_a, (uint32_t)record->shift_a);
    uint32_t most_b = scale_values(table_b, record->zero_b, record->multiplier_b, (uint32_t)record->shift_b);
    int32_t zero = record->output_zero;
    int32_t multiplier = record->multiplier;
    uint32_t shift = (uint32_t)record->shift;
    int32_t low = record->output_min;
    int32_t high = record->output_max;
    struct scale scale;
    bool short_sums = low == INT8_MIN && high == INT8_MAX && most_a < SHORT_FORM_SUM && most_b < SHORT_FORM_SUM;
    if (short_sums && scale_set(&scale, multiplier, 0, shift, zero, most_a + most_b)) {
        add_quickly(&scale, table_a, table_b, a, b, output, count);
        return DONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        int32_t value = multiply(wrapping_add(table_a[a[i]], table_b[b[i]]), multiplier, 0, shift);
        output[i] = (uint8_t)clamp(wrapping_add(value, zero), low, high);
    }
    return DONE;
}

enum outcome kernel_lookup(struct operation *op)
{
    const struct lookup_record *record = &op->record.lookup;
    if (record->count < 1)
        return DECLINED;
    uint32_t count = (uint32_t)record->count;
    const uint8_t *input = arena_at(op, record->input, count);
    uint8_t *output = arena_at(op, record->output, count);
    const uint8_t *scratch = arena_at(op, record->scratch, OPERATOR_TABLE_BYTES);
    const uint8_t *table = rom_at(op->space, record->table, OPERATOR_TABLE_BYTES);
    if (input == NULL || output == NULL || scratch == NULL || table == NULL)
        return FAULT;
    if (!in_step(output, input, count) || !apart(output, count, scratch, OPERATOR_TABLE_BYTES) ||
        !apart(input, count, scratch, OPERATOR_TABLE_BYTES) || !spend(op, (uint64_t)count * MOVE_WORK))
        return DECLINED;
    for (uint32_t i = 0; i < count; i++)
        output[i] = table[input[i] ^ 128];
    return DONE;
}

/* Beyond this value, every zero point gives the same end of int8. */
#define MAX_STEPS 512.0f

/* Returns the nearest integer, halves away from zero, between the ends; 0 for NaN. */
static int32_t whole_steps(float value)
{
    if (value >= MAX_STEPS)
        return (int32_t)MAX_STEPS;
    if (value <= -MAX_STEPS)
        return (int32_t)-MAX_STEPS;
    if (value != value)
        return 0;
    int32_t whole = (int32_t)value;
    float rest = value - (float)whole;
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

enum outcome kernel_quantize(struct operation *op)
{
    const struct convert_record *record = &op->record.convert;
    if (record->count < 1)
        return DECLINED;
    uint32_t count = (uint32_t)record->count;
    const uint8_t *input = arena_at(op, record->input, (uint64_t)4 * count);
    uint8_t *output = arena_at(op, record->output, count);
    if (input == NULL || output == NULL)
        return FAULT;
    if (!apart(output, count, input, (uint64_t)4 * count) || !spend(op, (uint64_t)count * DIVIDE_WORK))
        return DECLINED;
    float scale = record->scale;
    for (uint32_t i = 0; i < count; i++) {
        int32_t steps = whole_steps(to_float(get_u32(input + 4 * i)) / scale);
        output[i] = (uint8_t)clamp(wrapping_add(steps, record->zero), INT8_MIN, INT8_MAX);
    }
    return DONE;
}

enum outcome kernel_dequantize(struct operation *op)
{
    const struct convert_record *record = &op->record.convert;
    if (record->count < 1)
        return DECLINED;
    uint32_t count = (uint32_t)record->count;
    const uint8_t *input = arena_at(op, record->input, count);
    uint8_t *output = arena_at(op, record->output, (uint64_t)4 * count);
    if (input == NULL || output == NULL)
        return FAULT;
    if (!apart(output, (uint64_t)4 * count, input, count) || !spend(op, (uint64_t)count * OUTPUT_WORK))
        return DECLINED;
    float scale = record->scale;
    for (uint32_t i = 0; i < count; i++) {
        int32_t difference = (int32_t)((uint32_t)(int8_t)input[i] - (uint32_t)record->zero);
        put_u32(output + 4 * i, to_bits((float)difference * scale));
    }
    return DONE;
}
