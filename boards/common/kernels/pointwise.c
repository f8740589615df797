/* Operators of assembly/nn that go value by value: add, lookup, quantize, dequantize. */
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

/* The record of add. */
enum {
    ADD_A,
    ADD_B,
    ADD_OUTPUT,
    ADD_COUNT,
    ADD_ZERO_A,
    ADD_MULTIPLIER_A,
    ADD_SHIFT_A,
    ADD_ZERO_B,
    ADD_MULTIPLIER_B,
    ADD_SHIFT_B,
    ADD_ZERO,
    ADD_MULTIPLIER,
    ADD_SHIFT,
    ADD_MIN,
    ADD_MAX,
};
/* Bits by which inputs are lifted. */
#define LIFT 20

/* What each byte of an input becomes on the common scale; `most` is how far that is from 0 at most. */
static void scale_values(int32_t *table, const int32_t *of_input, uint32_t *most)
{
    int32_t zero = of_input[0];
    int32_t multiplier = of_input[1];
    uint32_t shift = (uint32_t)of_input[2];
    *most = 0;
    for (int32_t value = INT8_MIN; value <= INT8_MAX; value++) {
        int32_t scaled = multiply_quickly((int32_t)(((uint32_t)value - (uint32_t)zero) << LIFT), multiplier, 0, shift);
        uint32_t distance = scaled < 0 ? -(uint32_t)scaled : (uint32_t)scaled;
        *most = distance > *most ? distance : *most;
        table[(uint8_t)value] = scaled;
    }
}

/* The sums of short scales only. */
static void add_quickly(const struct scale *scale, const int32_t *table_a, const int32_t *table_b, const uint8_t *a,
                        const uint8_t *b, uint8_t *output, uint32_t count)
{
    struct scale local = *scale;
    for (uint32_t i = 0; i < count; i++)
        output[i] = scale_apply(&local, 2 * (table_a[a[i]] + table_b[b[i]]));
}

enum outcome kernel_add(struct operation *op)
{
    const int32_t *field = op->field;
    if (field[ADD_COUNT] < 1)
        return DECLINED;
    uint32_t count = (uint32_t)field[ADD_COUNT];
    const uint8_t *a = arena_at(op, field[ADD_A], count);
    const uint8_t *b = arena_at(op, field[ADD_B], count);
    uint8_t *output = arena_at(op, field[ADD_OUTPUT], count);
    if (a == NULL || b == NULL || output == NULL)
        return FAULT;
    if (!in_step(output, a, count) || !in_step(output, b, count) ||
        !spend(op, ((uint64_t)count + 2 * 256) * OUTPUT_WORK))
        return DECLINED;
    int32_t *table_a = (int32_t *)(void *)kernels_shared;
    int32_t *table_b = table_a + 256;
    uint32_t most_a, most_b;
    scale_values(table_a, &field[ADD_ZERO_A], &most_a);
    scale_values(table_b, &field[ADD_ZERO_B], &most_b);
    int32_t zero = field[ADD_ZERO];
    int32_t multiplier = field[ADD_MULTIPLIER];
    uint32_t shift = (uint32_t)field[ADD_SHIFT];
    int32_t low = field[ADD_MIN];
    int32_t high = field[ADD_MAX];
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

enum { LOOKUP_INPUT, LOOKUP_OUTPUT, LOOKUP_SCRATCH, LOOKUP_COUNT, LOOKUP_TABLE };

enum outcome kernel_lookup(struct operation *op)
{
    const int32_t *field = op->field;
    if (field[LOOKUP_COUNT] < 1)
        return DECLINED;
    uint32_t count = (uint32_t)field[LOOKUP_COUNT];
    const uint8_t *input = arena_at(op, field[LOOKUP_INPUT], count);
    uint8_t *output = arena_at(op, field[LOOKUP_OUTPUT], count);
    const uint8_t *scratch = arena_at(op, field[LOOKUP_SCRATCH], 256);
    const uint8_t *table = rom_at(op->space, field[LOOKUP_TABLE], 256);
    if (input == NULL || output == NULL || scratch == NULL || table == NULL)
        return FAULT;
    if (!in_step(output, input, count) || !apart(output, count, scratch, 256) || !apart(input, count, scratch, 256) ||
        !spend(op, (uint64_t)count * MOVE_WORK))
        return DECLINED;
    for (uint32_t i = 0; i < count; i++)
        output[i] = table[input[i] ^ 128];
    return DONE;
}

/* The records of quantize and dequantize. */
enum { INPUT, OUTPUT, COUNT, SCALE, ZERO };

/* Beyond it every zero point gives the same end of int8. */
#define MOST_STEPS 512.0f

/* Nearest whole number, halves away from zero, between the ends; NaN is 0. */
static int32_t whole_steps(float value)
{
    if (value >= MOST_STEPS)
        return (int32_t)MOST_STEPS;
    if (value <= -MOST_STEPS)
        return (int32_t)-MOST_STEPS;
    if (value != value)
        return 0;
    int32_t whole = (int32_t)value;
    float rest = value - (float)whole;
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

enum outcome kernel_quantize(struct operation *op)
{
    const int32_t *field = op->field;
    if (field[COUNT] < 1)
        return DECLINED;
    uint32_t count = (uint32_t)field[COUNT];
    const uint8_t *input = arena_at(op, field[INPUT], (uint64_t)4 * count);
    uint8_t *output = arena_at(op, field[OUTPUT], count);
    if (input == NULL || output == NULL)
        return FAULT;
    if (!apart(output, count, input, (uint64_t)4 * count) || !spend(op, (uint64_t)count * DIVIDE_WORK))
        return DECLINED;
    float scale = to_float((uint32_t)field[SCALE]);
    for (uint32_t i = 0; i < count; i++) {
        int32_t steps = whole_steps(to_float(get_u32(input + 4 * i)) / scale);
        output[i] = (uint8_t)clamp(wrapping_add(steps, field[ZERO]), INT8_MIN, INT8_MAX);
    }
    return DONE;
}

enum outcome kernel_dequantize(struct operation *op)
{
    const int32_t *field = op->field;
    if (field[COUNT] < 1)
        return DECLINED;
    uint32_t count = (uint32_t)field[COUNT];
    const uint8_t *input = arena_at(op, field[INPUT], count);
    uint8_t *output = arena_at(op, field[OUTPUT], (uint64_t)4 * count);
    if (input == NULL || output == NULL)
        return FAULT;
    if (!apart(output, (uint64_t)4 * count, input, count) || !spend(op, (uint64_t)count * OUTPUT_WORK))
        return DECLINED;
    float scale = to_float((uint32_t)field[SCALE]);
    for (uint32_t i = 0; i < count; i++) {
        int32_t difference = (int32_t)((uint32_t)(int8_t)input[i] - (uint32_t)field[ZERO]);
        put_u32(output + 4 * i, to_bits((float)difference * scale));
    }
    return DONE;
}
