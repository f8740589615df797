/*
 * Depthwise convolution of 3x3 with SMLAD. Rows of the picture are taken apart into one plane for each of four
 * channels, as int16, three rows in turn in three places; two neighbouring outputs share what they load. As SMLAD
 * multiplies pairs, each row of a kernel is kept as (first, second) and (second, third).
 */
#include "depthwise.h"
#include "operation.h"

#if KERNELS_DSP

#define ROWS 3
/* Bytes of one row of a plane: 126 columns, as many as 4 planes of 3 rows have room for. */
#define PITCH 252
#define PLANE (ROWS * PITCH)
#define MAX_COLUMNS (PITCH / 2)
_Static_assert(LANES * PLANE <= sizeof(kernels_shared), "the planes must fit");

/* One channel. */
struct lane {
    /* Twice the weights of the kernel's rows as (first, second), (second, third); two rows again behind the third. */
    uint32_t rows[2 * (2 * ROWS - 1)];
    /* Twice the bias, for both outputs. */
    int32_t start[2];
    struct scale scale;
    uint32_t unused;
};
_Static_assert(sizeof(struct lane) == 64, "row_of_outputs knows where things lie");

static uint32_t both(uint32_t low, uint32_t high)
{
    return (low & 0xffff) | high << 16;
}

static bool prepare_lane(const struct depthwise *layer, const uint8_t *group, uint32_t number, struct lane *lane)
{
    const uint8_t *weight = group + PARAMS_BYTES + number;
    for (uint32_t row = 0; row < ROWS; row++) {
        uint32_t w[ROWS];
        for (uint32_t i = 0; i < ROWS; i++, weight += LANES)
            w[i] = (uint32_t)(2 * (int8_t)*weight);
        uint32_t *pairs = &lane->rows[2 * row];
        pairs[0] = both(w[0], w[1]);
        pairs[1] = both(w[1], w[2]);
        if (row < ROWS - 1) {
            pairs[2 * ROWS] = pairs[0];
            pairs[2 * ROWS + 1] = pairs[1];
        }
    }
    lane->start[0] = lane->start[1] = (int32_t)(2 * get_u32(group + 4 * number));
    return scale_prepare(&lane->scale, group, number, layer->range.zero, ROWS * ROWS * 128 * 128);
}

/* Two pixels of four channels to the four planes at `to`. */
static inline void take_apart(uint32_t a, uint32_t b, uint8_t *to)
{
    uint32_t a02 = even_bytes(a);
    uint32_t a13 = odd_bytes(a);
    uint32_t b02 = even_bytes(b);
    uint32_t b13 = odd_bytes(b);
    uint32_t pair;
    uint32_t *plane = (uint32_t *)(void *)to;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a02), "r"(b02));
    plane[0] = pair;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a13), "r"(b13));
    plane[PLANE / 4] = pair;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(b02), "r"(a02));
    plane[2 * PLANE / 4] = pair;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(b13), "r"(a13));
    plane[3 * PLANE / 4] = pair;
}

/*
 * Row `y` of the picture, `pairs` x 2 columns from the padding on, of four channels from `first` on to the planes' row
 * at `to`.
 */
static void take_row(const struct depthwise *layer, uint32_t first, int32_t y, uint32_t pairs, uint8_t *to)
{
    const struct window *window = &layer->window;
    uint32_t zero = window->zero * 0x01010101u;
    if (y < 0 || y >= window->in_h) {
        for (; pairs > 0; pairs--, to += 4)
            take_apart(zero, zero, to);
        return;
    }
    uint32_t channels = layer->channels;
    uint32_t left = (uint32_t)window->in_w;
    const uint8_t *from = window->input + first + (uint32_t)y * left * channels;
    if (window->pad_left != 0) {
        take_apart(zero, get_u32(from), to);
        from += channels;
        left--;
        pairs--;
        to += 4;
    }
    for (; pairs > 0 && left >= 2; pairs--, left -= 2, to += 4, from += 2 * channels)
        take_apart(get_u32(from), get_u32(from + channels), to);
    if (pairs > 0 && left == 1) {
        take_apart(get_u32(from), zero, to);
        pairs--;
        to += 4;
    }
    for (; pairs > 0; pairs--, to += 4)
        take_apart(zero, zero, to);
}

/* What row_of_outputs_1 and _2 work on; the same words are their frame. */
struct row {
    const struct lane *lane;
    /* Bytes into lane->rows: which of the kernel's rows goes with the planes' first. */
    uint32_t turn;
    const uint8_t *planes;
    /* Bytes of a plane's row that are gone through. */
    uint32_t length;
    uint8_t *output;
    uint32_t channels;
};

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
 * All four channels of a row of outputs. Frame: 0 lane, 4 turn, 8 planes, 12 length, 16 output, 20 channels, 24 start
 * (two words), 32 next output, 36 channels, 40 end of the plane's row, 44 last lane's end.
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

static void outputs(struct row *row, int32_t stride, uint32_t pairs)
{
    row->length = 4 * pairs * (uint32_t)stride;
    if (stride == 1)
        row_of_outputs_1(row);
    else
        row_of_outputs_2(row);
}

/*
 * The picture's last row may not be followed by what lies behind its last column: an odd last output goes by way of
 * `beside`.
 */
static void last_outputs(struct row *row, int32_t stride, uint32_t count)
{
    if (count / 2 > 0)
        outputs(row, stride, count / 2);
    if (count % 2 == 0)
        return;
    uint8_t beside[2 * LANES];
    uint8_t *output = row->output + (count - 1) * row->channels;
    row->planes += 4 * (count / 2) * (uint32_t)stride;
    row->output = beside;
    row->channels = LANES;
    outputs(row, stride, 1);
    for (uint32_t lane = 0; lane < LANES; lane++)
        output[lane] = beside[lane];
}

static bool suits(const struct depthwise *layer)
{
    const struct window *window = &layer->window;
    int32_t stride = window->stride_w;
    return window->kernel_h == ROWS && window->kernel_w == ROWS && window->dilation_h == 1 && window->dilation_w == 1 &&
           window->pad_left <= 1 && stride <= 2 && window->stride_h <= 2 && (layer->channels & 3) == 0 &&
           layer->range.whole && (window->out_w + 1) / 2 * 2 * stride + 2 <= MAX_COLUMNS;
}

/* The place of a row in the planes, `steps` rows behind that in `place`. */
static uint32_t place_after(uint32_t place, uint32_t steps)
{
    for (place += steps; place >= ROWS; place -= ROWS)
        ;
    return place;
}

bool depthwise_3x3(const struct depthwise *layer, const uint8_t *group, uint32_t first)
{
    const struct window *window = &layer->window;
    struct lane lanes[LANES];
    if (!suits(layer))
        return false;
    for (uint32_t i = 0; i < LANES; i++)
        if (!prepare_lane(layer, group, i, &lanes[i]))
            return false;
    uint8_t *planes = (uint8_t *)kernels_shared;
    uint32_t columns = (uint32_t)window->out_w;
    uint32_t pairs = (columns + 1) / 2;
    /* Words of a row that its outputs look at. */
    uint32_t words = pairs * (uint32_t)window->stride_w + 1;
    /* Rows from the first that outputs look at to the last that is in the planes, and where the first is. */
    int32_t top = -window->pad_top;
    int32_t known = top;
    uint32_t first_place = 0;
    struct row row = {lanes, 0, planes, 0, layer->output + first, layer->channels};
    for (int32_t y = 0; y < layer->out_h; y++) {
        for (; known < top + ROWS; known++)
            take_row(layer, first, known, words, planes + place_after(first_place, (uint32_t)(known - top)) * PITCH);
        row.turn = first_place == 0 ? 0 : 8 * (ROWS - first_place);
        if (y < layer->out_h - 1)
            outputs(&row, window->stride_w, pairs);
        else
            last_outputs(&row, window->stride_w, columns);
        row.output += columns * layer->channels;
        top += window->stride_h;
        first_place = place_after(first_place, (uint32_t)window->stride_h);
    }
    return true;
}

#else

bool depthwise_3x3(const struct depthwise *layer, const uint8_t *group, uint32_t first)
{
    (void)layer;
    (void)group;
    (void)first;
    return false;
}

#endif
