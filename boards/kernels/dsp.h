/*
 * Instructions of the DSP extension (Cortex-M4, M33) where the compiler targets one, and what they do in C elsewhere.
 */
#ifndef MOTE_KERNELS_DSP_H
#define MOTE_KERNELS_DSP_H

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && !defined(__ARM_BIG_ENDIAN)
#define KERNELS_DSP 1
#else
#define KERNELS_DSP 0
#endif

/* The high half of `a` x `b`, rounded to nearest, and `c`. */
static inline int32_t multiply_rounded_add(int32_t a, int32_t b, int32_t c)
{
#if KERNELS_DSP
    int32_t result;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
#else
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32) + c;
#endif
}

static inline int32_t clamp_to_int8(int32_t value)
{
#if KERNELS_DSP
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(value) : "cc");
    return result;
#else
    return value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value;
#endif
}

/* Bytes 0 and 2 of a word, or 1 and 3, as two int16. */
static inline uint32_t even_bytes(uint32_t word)
{
    uint32_t result;
#if KERNELS_DSP
    __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(word));
#else
    result = (uint16_t)(int8_t)word | (uint32_t)(int8_t)(word >> 16) << 16;
#endif
    return result;
}

static inline uint32_t odd_bytes(uint32_t word)
{
    uint32_t result;
#if KERNELS_DSP
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(word));
#else
    result = even_bytes(word >> 8);
#endif
    return result;
}

#if KERNELS_DSP

/* `sum` and the product of both low halves, or both high halves; sums wrap. */
static inline uint32_t add_low_product(uint32_t sum, uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

static inline uint32_t add_high_product(uint32_t sum, uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("smlatt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

#endif

#endif
