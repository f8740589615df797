/*
 * One row of outputs of a depthwise convolution of 3x3. Two neighbouring outputs share what they load. As SMLAD
 * multiplies pairs, each row of a kernel is kept as (first, second) and (second, third).
 */
#include "depthwise_row.h"

#if KERNELS_DSP

_Static_assert(sizeof(struct lane) == 64, "ROW_OF_OUTPUTS knows where things lie");

#define ADD_PRODUCTS_1(pair01, pair12)                                                                                 \
    "smlad r3, r1, " pair01 ", r3\n"                                                                                   \
    "smlatb r10, r1, " pair01 ", r10\n"                                                                                \
    "smlabt r3, r2, " pair12 ", r3\n"                                                                                  \
    "smlad r10, r2, " pair12 ", r10\n"

/* Two outputs, one column apart: columns (0, 1) in r1 and (2, 3) in r2. */
#define OUTPUTS_1                                                                                                      \
    "ldrd r1, r2, [r0], #4\n" ADD_PRODUCTS_1("r4", "r5") "ldrd r1, r2, [r0, #248]\n" ADD_PRODUCTS_1("r6", "r7")        \
        "ldrd r1, r2, [r0, #500]\n" ADD_PRODUCTS_1("r8", "r9")
_Static_assert(PITCH == 252, "OUTPUTS_1 and OUTPUTS_2 know it");

#define ADD_PRODUCTS_2(pair01, pair12, third)                                                                          \
    "smlad r3, r1, " pair01 ", r3\n"                                                                                   \
    "smlad r10, r2, " pair01 ", r10\n"                                                                                 \
    "ldr r1, [r0, #" third "]\n"                                                                                       \
    "smlabt r3, r2, " pair12 ", r3\n"                                                                                  \
    "smlabt r10, r1, " pair12 ", r10\n"

/* Two outputs, two columns apart: (0, 1) in r1, (2, 3) in r2, then (4, 5) in r1. */
#define OUTPUTS_2                                                                                                      \
    "ldrd r1, r2, [r0], #8\n" ADD_PRODUCTS_2("r4", "r5", "0")                                                          \
        "ldrd r1, r2, [r0, #244]\n" ADD_PRODUCTS_2("r6", "r7", "252")                                                  \
        "ldrd r1, r2, [r0, #496]\n" ADD_PRODUCTS_2("r8", "r9", "504")

/* scale_apply: r11 multiplier, r12 round, lr right shift. */
#define APPLY(sum)                                                                                                     \
    "add r1, r12, " sum ", asr #31\n"                                                                                  \
    "smmlar " sum ", " sum ", r11, r1\n"                                                                               \
    "asr " sum ", " sum ", lr\n"                                                                                       \
    "ssat " sum ", #8, " sum "\n"

/*
 * All four channels of a row of outputs. Frame: 0 lane, 4 turn, 8 planes, 12 length, 16 output, 20 step, 24 start (two
 * words), 32 next output, 36 step, 40 end of the plane's row, 44 last lane's end.
 */
#define ROW_OF_OUTPUTS(outputs)                                                                                        \
    __asm volatile("push {r4-r11, lr}\n"                                                                               \
                   "ldm r0, {r0-r5}\n"                                                                                 \
                   "sub sp, sp, #52\n"                                                                                 \
                   "stm sp, {r0-r5}\n"                                                                                 \
                   "str r5, [sp, #36]\n"                                                                               \
                   "add r6, r0, #256\n"                                                                                \
                   "str r6, [sp, #44]\n"                                                                               \
                   "1: ldrd r6, r7, [r0, #40]\n"                                                                       \
                   "strd r6, r7, [sp, #24]\n"                                                                          \
                   "add r6, r2, r3\n"                                                                                  \
                   "str r4, [sp, #32]\n"                                                                               \
                   "str r6, [sp, #40]\n"                                                                               \
                   "ldrd r11, r12, [r0, #48]\n"                                                                        \
                   "ldr lr, [r0, #56]\n"                                                                               \
                   "add r1, r1, r0\n"                                                                                  \
                   "ldm r1, {r4-r9}\n"                                                                                 \
                   "mov r0, r2\n"                                                                                      \
                   "2: ldrd r3, r10, [sp, #24]\n" outputs APPLY("r3") APPLY("r10")                                     \
                   "ldrd r1, r2, [sp, #32]\n"                                                                          \
                   "strb r3, [r1]\n"                                                                                   \
                   "strb r10, [r1, r2]\n"                                                                              \
                   "add r1, r1, r2, lsl #1\n"                                                                          \
                   "str r1, [sp, #32]\n"                                                                               \
                   "ldr r1, [sp, #40]\n"                                                                               \
                   "cmp r0, r1\n"                                                                                      \
                   "bne 2b\n"                                                                                          \
                   "ldm sp, {r0-r4}\n"                                                                                 \
                   "ldr r6, [sp, #44]\n"                                                                               \
                   "add r0, r0, #64\n"                                                                                 \
                   "add r2, r2, #756\n"                                                                                \
                   "add r4, r4, #1\n"                                                                                  \
                   "cmp r0, r6\n"                                                                                      \
                   "stm sp, {r0-r4}\n"                                                                                 \
                   "bne 1b\n"                                                                                          \
                   "add sp, sp, #52\n"                                                                                 \
                   "pop {r4-r11, pc}\n")
_Static_assert(PLANE == 756, "ROW_OF_OUTPUTS knows it");

__attribute__((naked)) static void row_of_outputs_1(const struct row *row __attribute__((unused)))
{
    ROW_OF_OUTPUTS(OUTPUTS_1);
}

__attribute__((naked)) static void row_of_outputs_2(const struct row *row __attribute__((unused)))
{
    ROW_OF_OUTPUTS(OUTPUTS_2);
}

void depthwise_row(struct row *row, int32_t stride, uint32_t pairs)
{
    row->length = 4 * pairs * (uint32_t)stride;
    if (stride == 1)
        row_of_outputs_1(row);
    else
        row_of_outputs_2(row);
}

#endif
