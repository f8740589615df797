/* Products of weights and windows. */
#include "dot.h"

#include "../bytes.h"

static uint32_t halves(uint32_t low, uint32_t high)
{
    return (low & 0xffff) | high << 16;
}

static uint32_t extend(uint32_t byte)
{
    return (uint32_t)(int32_t)(int8_t)byte;
}

void spread_signed(const uint8_t *bytes, uint32_t steps, uint32_t *window, struct spread spread)
{
    for (; steps > 0; steps--, bytes += 4, window += spread.step) {
        uint32_t word = get_u32(bytes);
        window[0] = halves(extend(word), extend(word >> 16));
        window[spread.half] = halves(extend(word >> 8), extend(word >> 24));
    }
}

void spread_raised(const uint8_t *bytes, uint32_t steps, uint32_t *window, struct spread spread)
{
    for (; steps > 0; steps--, bytes += 4, window += spread.step) {
        uint32_t word = get_u32(bytes) ^ 0x80808080;
        window[0] = word & 0x00ff00ff;
        window[spread.half] = word >> 8 & 0x00ff00ff;
    }
}

/* Of the four taps of one channel with one window. */
static inline int32_t products(uint32_t weights, uint32_t even, uint32_t odd)
{
    return (int8_t)weights * (int16_t)even + (int8_t)(weights >> 16) * (int16_t)(even >> 16) +
           (int8_t)(weights >> 8) * (int16_t)odd + (int8_t)(weights >> 24) * (int16_t)(odd >> 16);
}

void dot_alone(const uint8_t *weights, const uint32_t *window, uint32_t steps, int32_t sums[4])
{
    for (; steps > 0; steps--, weights += STEP_BYTES, window += ALONE.step)
        for (uint32_t channel = 0; channel < 4; channel++)
            sums[channel] = wrapping_add(sums[channel], products(get_u32(weights + 4 * channel), window[0], window[ALONE.half]));
}

void dot_abreast(const uint8_t *weights, const uint32_t *window, uint32_t steps, int32_t sums[8])
{
    for (; steps > 0; steps--, weights += STEP_BYTES, window += ABREAST.step) {
        uint32_t first = get_u32(weights);
        uint32_t second = get_u32(weights + 4);
        for (uint32_t pixel = 0; pixel < BLOCK_PIXELS; pixel++) {
            uint32_t even = window[pixel];
            uint32_t odd = window[pixel + ABREAST.half];
            sums[pixel] = wrapping_add(sums[pixel], products(first, even, odd));
            sums[pixel + BLOCK_PIXELS] = wrapping_add(sums[pixel + BLOCK_PIXELS], products(second, even, odd));
        }
    }
}
