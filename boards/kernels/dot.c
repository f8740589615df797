/* Products of weights and windows. */
#include "dot.h"

#include "base/bytes.h"

void spread_signed(const uint8_t *bytes, uint32_t steps, uint32_t *window)
{
    for (; steps > 0; steps--, bytes += 4, window += ALONE_WORDS) {
        uint32_t word = get_u32(bytes);
        window[0] = even_bytes(word);
        window[1] = odd_bytes(word);
    }
}

/* Twice the even and the odd bytes of a word. */
#define RAISE 0x80808080u
#define EVEN(word) ((word) << 1 & 0x01fe01feu)
#define ODD(word) ((word) >> 7 & 0x01fe01feu)

void spread_raised(const uint8_t *bytes, uint32_t steps, uint32_t *window)
{
    for (; steps > 0; steps--, bytes += 4, window += ALONE_WORDS) {
        uint32_t word = get_u32(bytes) ^ RAISE;
        window[0] = EVEN(word);
        window[1] = ODD(word);
    }
}

void spread_abreast(const uint8_t *const bytes[ABREAST], uint32_t steps, uint32_t *windows)
{
    const uint8_t *a = bytes[0];
    const uint8_t *b = bytes[1];
    const uint8_t *c = bytes[2];
    const uint8_t *d = bytes[3];
    for (; steps > 0; steps--, a += 4, b += 4, c += 4, d += 4, windows += ABREAST_WORDS) {
        uint32_t word_a = get_u32(a) ^ RAISE;
        uint32_t word_b = get_u32(b) ^ RAISE;
        uint32_t word_c = get_u32(c) ^ RAISE;
        uint32_t word_d = get_u32(d) ^ RAISE;
        windows[0] = EVEN(word_a);
        windows[1] = EVEN(word_b);
        windows[2] = EVEN(word_c);
        windows[3] = EVEN(word_d);
        windows[4] = ODD(word_a);
        windows[5] = ODD(word_b);
        windows[6] = ODD(word_c);
        windows[7] = ODD(word_d);
    }
}

/* Adds the products of one tap of two channels to the sums of two windows. */
static inline void add_tap(uint32_t sums[4], const uint8_t *weight, uint32_t a, uint32_t b)
{
    uint32_t first = (uint32_t)(int8_t)weight[0];
    uint32_t second = (uint32_t)(int8_t)weight[4];
    sums[0] += first * a;
    sums[1] += first * b;
    sums[2] += second * a;
    sums[3] += second * b;
}

/* Two windows at a time: C has no registers for more sums. */
void dot_abreast(const struct pair *pair, const uint32_t *windows, uint32_t steps, int32_t sums[2 * ABREAST])
{
    for (uint32_t i = 0; i < ABREAST; i += 2) {
        const uint8_t *weights = pair->weights;
        const uint32_t *word = windows + i;
        uint32_t totals[4] = {0, 0, 0, 0};
        for (uint32_t step = steps; step > 0; step--, weights += OPERATOR_STEP_BYTES, word += ABREAST_WORDS) {
            add_tap(totals, weights, word[0] & 0xffff, word[1] & 0xffff);
            add_tap(totals, weights + 1, word[ABREAST] & 0xffff, word[ABREAST + 1] & 0xffff);
            add_tap(totals, weights + 2, word[0] >> 16, word[1] >> 16);
            add_tap(totals, weights + 3, word[ABREAST] >> 16, word[ABREAST + 1] >> 16);
        }
        for (uint32_t j = 0; j < 2; j++) {
            sums[i + j] = wrapping_add(pair->start[0][i + j], (int32_t)totals[j]);
            sums[ABREAST + i + j] = wrapping_add(pair->start[1][i + j], (int32_t)totals[2 + j]);
        }
    }
}

#if KERNELS_DSP

/*
 * One step of four windows and two channels: r0 weights, r1 windows, r2 to r5 sums of the first channel, r6 to r9 of
 * the second. 32 products in 26 instructions: weights are loaded twice because no register is left to keep them in.
 */
#define HALF_STEP                                                                                                      \
    "ldm r1!, {r12, lr}\n"                                                                                             \
    "smlad r2, r10, r12, r2\n"                                                                                         \
    "smlad r6, r11, r12, r6\n"                                                                                         \
    "smlad r3, r10, lr, r3\n"                                                                                          \
    "smlad r7, r11, lr, r7\n"                                                                                          \
    "ldm r1!, {r12, lr}\n"                                                                                             \
    "smlad r4, r10, r12, r4\n"                                                                                         \
    "smlad r8, r11, r12, r8\n"                                                                                         \
    "smlad r5, r10, lr, r5\n"                                                                                          \
    "smlad r9, r11, lr, r9\n"
#define STEP                                                                                                           \
    "ldrd r10, r11, [r0]\n"                                                                                            \
    "sxtb16 r10, r10\n"                                                                                                \
    "sxtb16 r11, r11\n" HALF_STEP "ldrd r10, r11, [r0], #16\n"                                                         \
    "sxtb16 r10, r10, ror #8\n"                                                                                        \
    "sxtb16 r11, r11, ror #8\n" HALF_STEP

/* scale_apply of one sum: r1 multiplier, r10 round, r11 right shift. */
#define APPLY(sum)                                                                                                     \
    "smmlar r12, " sum ", r1, r10\n"                                                                                   \
    "add r12, r12, " sum ", asr #31\n"                                                                                 \
    "asr r12, r12, r11\n"                                                                                              \
    "ssat r12, #8, r12\n"

/* The four outputs of a channel, r0 apart from lr on; the first sum's register is free afterwards. */
#define APPLY_CHANNEL(a, b, c, d)                                                                                      \
    APPLY(a)                                                                                                           \
    "strb r12, [lr]\n" APPLY(b) "strb r12, [lr, r0]\n" APPLY(c) "strb r12, [lr, r0, lsl #1]\n" APPLY(d)               \
    "add " a ", lr, r0\n"                                                                                              \
    "strb r12, [" a ", r0, lsl #1]\n"

_Static_assert(offsetof(struct pair, start) == 0 && offsetof(struct pair, scale) == 32 &&
                   offsetof(struct pair, weights) == 60 && sizeof(struct pair) == 64 && sizeof(struct scale) == 12 &&
                   offsetof(struct scale, round) == 4 && offsetof(struct scale, right) == 8,
               "dot_pairs_dsp knows where things lie");

/* Frame: pair, windows, end of windows, stride, output, end of pairs, where the loop is entered. */
__attribute__((naked)) static void dot_pairs_dsp(const struct pair *pair __attribute__((unused)),
                                                 const uint32_t *windows __attribute__((unused)),
                                                 const uint32_t *end_of_windows __attribute__((unused)),
                                                 uint32_t stride __attribute__((unused)),
                                                 uint8_t *output __attribute__((unused)),
                                                 const struct pair *end __attribute__((unused)))
{
    __asm volatile("ldr r12, [sp]\n"
                   "push {r4-r11, lr}\n"
                   "ldr r5, [sp, #40]\n"
                   "mov r4, r12\n"
                   /* An odd number of steps begins in the middle. */
                   "subs r6, r2, r1\n"
                   "tst r6, #32\n"
                   "ite eq\n"
                   "adreq r6, 2f\n"
                   "adrne r6, 3f\n"
                   "orr r6, r6, #1\n"
                   "push {r0-r6}\n"
                   ".balign 4\n"
                   "1: ldm r0, {r2-r9}\n"
                   "ldr r0, [r0, #60]\n"
                   "ldr pc, [sp, #24]\n"
                   ".balign 4\n"
                   "2:\n" STEP ".balign 4\n"
                   "3:\n" STEP "ldr r10, [sp, #8]\n"
                   "cmp r1, r10\n"
                   "bne 2b\n"
                   "ldr r12, [sp]\n"
                   "ldrd r1, r10, [r12, #32]\n"
                   "ldr r11, [r12, #40]\n"
                   "ldrd r0, lr, [sp, #12]\n" APPLY_CHANNEL("r2", "r3", "r4", "r5")
                   "ldr r12, [sp]\n"
                   "ldrd r1, r10, [r12, #44]\n"
                   "ldr r11, [r12, #52]\n"
                   "add lr, lr, #1\n" APPLY_CHANNEL("r6", "r7", "r8", "r9")
                   "add lr, lr, #1\n"
                   "str lr, [sp, #16]\n"
                   "ldrd r0, r1, [sp]\n"
                   "add r0, r0, #64\n"
                   "ldr r10, [sp, #20]\n"
                   "str r0, [sp]\n"
                   "cmp r0, r10\n"
                   "bne 1b\n"
                   "add sp, sp, #28\n"
                   "pop {r4-r11, pc}\n");
}

void dot_pairs(const struct pair *pair, const struct pair *end, const uint32_t *windows, uint32_t steps,
               uint8_t *output, uint32_t stride)
{
    dot_pairs_dsp(pair, windows, windows + steps * ABREAST_WORDS, stride, output, end);
}

/* One step of one window and four channels: r0 weights, r1 window, r4 to r7 sums. 16 products in 18 instructions. */
#define CHANNEL(weights, sum)                                                                                          \
    "sxtb16 r3, " weights "\n"                                                                                         \
    "smlad " sum ", r3, r12, " sum "\n"                                                                                \
    "sxtb16 r3, " weights ", ror #8\n"                                                                                 \
    "smlad " sum ", r3, lr, " sum "\n"
#define STEP_ALONE                                                                                                     \
    "ldm r0!, {r8-r11}\n"                                                                                              \
    "ldrd r12, lr, [r1], #8\n" CHANNEL("r8", "r4") CHANNEL("r9", "r5") CHANNEL("r10", "r6") CHANNEL("r11", "r7")

__attribute__((naked)) void dot_alone(const uint8_t *weights __attribute__((unused)),
                                      const uint32_t *window __attribute__((unused)),
                                      uint32_t steps __attribute__((unused)),
                                      int32_t sums[4] __attribute__((unused)))
{
    __asm volatile("push {r3-r11, lr}\n"
                   "ldm r3, {r4-r7}\n"
                   "add r2, r1, r2, lsl #3\n"
                   "sub r8, r2, r1\n"
                   "lsls r8, r8, #28\n"
                   "bmi 2f\n"
                   ".balign 4\n"
                   "1:\n" STEP_ALONE "2:\n" STEP_ALONE "cmp r1, r2\n"
                   "bne 1b\n"
                   "pop {r3}\n"
                   "stm r3, {r4-r7}\n"
                   "pop {r4-r11, pc}\n");
}

#else

void dot_pairs(const struct pair *pair, const struct pair *end, const uint32_t *windows, uint32_t steps,
               uint8_t *output, uint32_t stride)
{
    for (; pair < end; pair++, output += 2) {
        int32_t sums[2 * ABREAST];
        dot_abreast(pair, windows, steps, sums);
        for (uint32_t i = 0; i < ABREAST; i++) {
            output[i * stride] = scale_apply(&pair->scale[0], sums[i]);
            output[i * stride + 1] = scale_apply(&pair->scale[1], sums[i + ABREAST]);
        }
    }
}

/* Of the four taps of one channel with one window. */
static inline uint32_t products(const uint8_t *weights, uint32_t even, uint32_t odd)
{
    return (uint32_t)((int8_t)weights[0] * (int16_t)even) + (uint32_t)((int8_t)weights[1] * (int16_t)odd) +
           (uint32_t)((int8_t)weights[2] * (int16_t)(even >> 16)) +
           (uint32_t)((int8_t)weights[3] * (int16_t)(odd >> 16));
}

void dot_alone(const uint8_t *weights, const uint32_t *window, uint32_t steps, int32_t sums[4])
{
    uint32_t totals[4] = {(uint32_t)sums[0], (uint32_t)sums[1], (uint32_t)sums[2], (uint32_t)sums[3]};
    for (; steps > 0; steps--, weights += OPERATOR_STEP_BYTES, window += ALONE_WORDS) {
#pragma GCC unroll 4
        for (uint32_t channel = 0; channel < 4; channel++)
            totals[channel] += products(weights + 4 * channel, window[0], window[1]);
    }
#pragma GCC unroll 4
    for (uint32_t channel = 0; channel < 4; channel++)
        sums[channel] = (int32_t)totals[channel];
}

#endif
