/* realFft of assembly/dsp/fft.ts, which describes the arithmetic. */
#include "operation.h"

#define MIN_POINTS 16
#define MAX_POINTS 1024

/* A complex number of two int16. */
struct complex {
    int32_t real;
    int32_t imaginary;
};
#define COMPLEX_BYTES 4

static inline struct complex load(const uint8_t *at)
{
    uint32_t word = get_u32(at);
    return (struct complex){(int16_t)word, (int16_t)(word >> 16)};
}

static inline void store(uint8_t *at, int32_t real, int32_t imaginary)
{
    put_u32(at, (uint16_t)real | (uint32_t)imaginary << 16);
}

static inline int32_t q15(int32_t x)
{
    return (x + 16384) >> 15;
}

static inline struct complex quarter(const uint8_t *at)
{
    struct complex value = load(at);
    return (struct complex){q15(value.real * 8191), q15(value.imaginary * 8191)};
}

static inline struct complex half(const uint8_t *at)
{
    struct complex value = load(at);
    return (struct complex){q15(value.real * 16383), q15(value.imaginary * 16383)};
}

/* The product of kissfft. Sums wrap as those of the portable code. */
static inline struct complex times(struct complex value, struct complex twiddle)
{
    uint32_t real = (uint32_t)(value.real * twiddle.real) - (uint32_t)(value.imaginary * twiddle.imaginary);
    uint32_t imaginary = (uint32_t)(value.real * twiddle.imaginary) + (uint32_t)(value.imaginary * twiddle.real);
    return (struct complex){(int32_t)(real + 16384) >> 15, (int32_t)(imaginary + 16384) >> 15};
}

/* Returns the next index in base-4 digit-reversed order below 4 x `top`. */
static uint32_t next_reversed(uint32_t index, uint32_t top)
{
    while (top > 0 && (index & (top * 3)) == top * 3) {
        index ^= top * 3;
        top >>= 2;
    }
    return index + top;
}

/*
 * Combines four values, three of which have been multiplied by their twiddle factors, and stores them `row` bytes
 * apart.
 */
static inline void butterfly(uint8_t *at, uint32_t row, struct complex p0, struct complex p1, struct complex p2,
                             struct complex p3)
{
    struct complex sum02 = {p0.real + p2.real, p0.imaginary + p2.imaginary};
    struct complex difference02 = {p0.real - p2.real, p0.imaginary - p2.imaginary};
    struct complex sum13 = {p1.real + p3.real, p1.imaginary + p3.imaginary};
    struct complex difference13 = {p1.real - p3.real, p1.imaginary - p3.imaginary};
    store(at, sum02.real + sum13.real, sum02.imaginary + sum13.imaginary);
    store(at + row, difference02.real + difference13.imaginary, difference02.imaginary - difference13.real);
    store(at + 2 * row, sum02.real - sum13.real, sum02.imaginary - sum13.imaginary);
    store(at + 3 * row, difference02.real - difference13.imaginary, difference02.imaginary + difference13.real);
}

/* Reads the input in digit-reversed order. The only twiddle factor is 1. */
static void first_stage4(const uint8_t *src, uint8_t *dst, uint32_t n)
{
    uint32_t index = 0;
    for (uint32_t i = 0; i < n; i += 4, index = next_reversed(index, n >> 4)) {
        const uint8_t *at = src + COMPLEX_BYTES * index;
        butterfly(dst + COMPLEX_BYTES * i, COMPLEX_BYTES, quarter(at), quarter(at + n), quarter(at + 2 * n),
                  quarter(at + 3 * n));
    }
}

static void first_stage2(const uint8_t *src, uint8_t *dst, uint32_t n)
{
    uint32_t index = 0;
    for (uint32_t i = 0; i < n; i += 2, index = next_reversed(index, n >> 3)) {
        const uint8_t *at = src + COMPLEX_BYTES * index;
        struct complex a = half(at);
        struct complex b = half(at + 2 * n);
        store(dst + COMPLEX_BYTES * i, a.real + b.real, a.imaginary + b.imaginary);
        store(dst + COMPLEX_BYTES * (i + 1), a.real - b.real, a.imaginary - b.imaginary);
    }
}

/* Combines four transforms of `width` at a time, in place. */
static void stage4(uint8_t *data, const uint8_t *twiddles, uint32_t n, uint32_t width)
{
    uint32_t row = COMPLEX_BYTES * width;
    uint8_t *end = data + COMPLEX_BYTES * n;
    /* The twiddle factors are for 2n points: one step of this stage is 2n / (4 x width) of them. */
    uint32_t stride = n / width * (COMPLEX_BYTES / 2);
    for (uint32_t column = 0; column < width; column++) {
        struct complex t1 = load(twiddles + column * stride);
        struct complex t2 = load(twiddles + column * stride * 2);
        struct complex t3 = load(twiddles + column * stride * 3);
        for (uint8_t *at = data + COMPLEX_BYTES * column; at < end; at += 4 * row)
            butterfly(at, row, quarter(at), times(quarter(at + row), t1), times(quarter(at + 2 * row), t2),
                      times(quarter(at + 3 * row), t3));
    }
}

/* Separates the spectra of even and odd samples and combines them, in place. */
static void separate(uint8_t *data, const uint8_t *twiddles, uint32_t n)
{
    struct complex dc = half(data);
    store(data, dc.real + dc.imaginary, 0);
    store(data + COMPLEX_BYTES * n, dc.real - dc.imaginary, 0);
    for (uint32_t k = 1; k <= n / 2; k++) {
        uint8_t *left = data + COMPLEX_BYTES * k;
        uint8_t *right = data + COMPLEX_BYTES * (n - k);
        struct complex twiddle = load(twiddles + COMPLEX_BYTES * k);
        struct complex l = half(left);
        struct complex r = half(right);
        r.imaginary = q15((int16_t)-load(right).imaginary * 16383);
        struct complex even = {l.real + r.real, l.imaginary + r.imaginary};
        struct complex odd = {l.real - r.real, l.imaginary - r.imaginary};
        /* Multiplies by -i x the twiddle factor of a quarter turn; int16 as in kissfft, where this may wrap. */
        uint32_t real = (uint32_t)(odd.real * twiddle.imaginary) + (uint32_t)(odd.imaginary * twiddle.real);
        uint32_t imaginary = (uint32_t)(odd.imaginary * twiddle.imaginary) - (uint32_t)(odd.real * twiddle.real);
        int32_t turned_real = (int16_t)((int32_t)(real + 16384) >> 15);
        int32_t turned_imaginary = (int16_t)((int32_t)(imaginary + 16384) >> 15);
        store(left, (even.real + turned_real) >> 1, (even.imaginary + turned_imaginary) >> 1);
        store(right, (even.real - turned_real) >> 1, (turned_imaginary - even.imaginary) >> 1);
    }
}

int32_t kernels_real_fft(const struct kernels_space *space, uint32_t src, uint32_t dst, uint32_t twiddles,
                         int32_t points)
{
    if (points < MIN_POINTS || points > MAX_POINTS || (points & (points - 1)) != 0)
        return 0;
    uint32_t n = (uint32_t)points / 2;
    uint32_t src_bytes = COMPLEX_BYTES * n;
    uint32_t dst_bytes = COMPLEX_BYTES * (n + 1);
    /* Three quarters of a turn. */
    uint32_t twiddle_bytes = COMPLEX_BYTES * (n + n / 2);
    const uint8_t *samples = memory_at(space, src, src_bytes);
    const uint8_t *turn = memory_at(space, twiddles, twiddle_bytes);
    uint8_t *data = memory_at(space, dst, dst_bytes);
    if (samples == NULL || turn == NULL || data == NULL)
        return KERNELS_FAULT;
    if (!apart(data, dst_bytes, samples, src_bytes) || !apart(data, dst_bytes, turn, twiddle_bytes))
        return 0;
    /* An odd power of two starts with a stage of two. */
    uint32_t width = (n & 0x55555555) != 0 ? 4 : 2;
    if (width == 4)
        first_stage4(samples, data, n);
    else
        first_stage2(samples, data, n);
    for (; width < n; width *= 4)
        stage4(data, turn, n, width);
    separate(data, turn, n);
    return 1;
}
