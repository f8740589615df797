/* filterBank of assembly/dsp/filter_bank.ts, with the root of square_root.ts. Those files describe the arithmetic. */
#include "operation.h"

/* An interval of weights for each channel and one before the first. */
#define MAX_CHANNELS 65533

static uint32_t square_root32(uint32_t value)
{
    if (value == 0)
        return 0;
    uint32_t root = 0;
    for (uint32_t bit = (uint32_t)1 << ((31 - __builtin_clz(value)) & ~1); bit != 0; bit >>= 2) {
        uint32_t trial = root + bit;
        root >>= 1;
        if (value >= trial) {
            value -= trial;
            root += bit;
        }
    }
    return value > root && root != 0xffff ? root + 1 : root;
}

static uint32_t square_root(uint64_t value)
{
    if (value >> 32 == 0)
        return square_root32((uint32_t)value);
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << ((63 - __builtin_clz((uint32_t)(value >> 32))) & ~1); bit != 0; bit >>= 2) {
        uint64_t trial = root + bit;
        root >>= 1;
        if (value >= trial) {
            value -= trial;
            root += bit;
        }
    }
    return (uint32_t)(value > root && root != 0xffffffff ? root + 1 : root);
}

/* Bins of the interval that begins at edge `at`. */
static uint32_t interval(const uint8_t *at)
{
    uint32_t first = get_u16(at);
    uint32_t end = get_u16(at + 2);
    return end > first ? end - first : 0;
}

int32_t kernels_filter_bank(const struct kernels_space *space, uint32_t energy, uint32_t edges, uint32_t weights,
                            int32_t channels, int32_t shift, uint32_t dst)
{
    if (channels < 1 || channels > MAX_CHANNELS || shift < 0 || shift > 31)
        return 0;
    uint32_t intervals = (uint32_t)channels + 1;
    uint32_t edge_bytes = 2 * (intervals + 1);
    uint32_t dst_bytes = 4 * (uint32_t)channels;
    const uint8_t *edge = memory_at(space, edges, edge_bytes);
    if (edge == NULL)
        return KERNELS_FAULT;
    uint64_t bins = 0;
    for (uint32_t i = 0; i < intervals; i++)
        bins += interval(edge + 2 * i);
    const uint8_t *from = memory_at(space, energy, 4 * bins);
    const uint8_t *weight = memory_at(space, weights, 4 * bins);
    uint8_t *to = memory_at(space, dst, dst_bytes);
    if (from == NULL || weight == NULL || to == NULL)
        return KERNELS_FAULT;
    if (!apart(to, dst_bytes, from, 4 * bins) || !apart(to, dst_bytes, weight, 4 * bins) ||
        !apart(to, dst_bytes, edge, edge_bytes))
        return 0;
    uint64_t from_left = 0;
    for (uint32_t i = 0; i < intervals; i++, edge += 2) {
        uint64_t sum = from_left;
        from_left = 0;
        for (uint32_t left = interval(edge); left > 0; left--, from += 4, weight += 4) {
            uint64_t value = get_u32(from);
            sum += value * get_u16(weight);
            from_left += value * get_u16(weight + 2);
        }
        if (i == 0)
            continue;
        put_u32(to, square_root(sum) >> shift);
        to += 4;
    }
    return 1;
}
