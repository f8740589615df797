/*
 * Montgomery's product by words, with the reduction in the same loop (CIOS in Koç, Acar, Kaliski, "Analyzing and
 * Comparing Montgomery Multiplication Algorithms", IEEE Micro 16(3), 1996).
 */
#include "modular.h"

#include <string.h>

bool number_is_zero(const number a)
{
    uint32_t any = 0;
    for (unsigned i = 0; i < NUMBER_WORDS; i++)
        any |= a[i];
    return any == 0;
}

bool number_less(const number a, const number b)
{
    for (unsigned i = NUMBER_WORDS; i-- > 0;)
        if (a[i] != b[i])
            return a[i] < b[i];
    return false;
}

uint32_t number_add(number out, const number a, const number b)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < NUMBER_WORDS; i++) {
        sum += (uint64_t)a[i] + b[i];
        out[i] = (uint32_t)sum;
        sum >>= 32;
    }
    return (uint32_t)sum;
}

uint32_t number_subtract(number out, const number a, const number b)
{
    uint32_t borrow = 0;
    for (unsigned i = 0; i < NUMBER_WORDS; i++) {
        const uint64_t difference = (uint64_t)a[i] - b[i] - borrow;
        out[i] = (uint32_t)difference;
        borrow = (uint32_t)(difference >> 32) & 1;
    }
    return borrow;
}

void modular_multiply(number out, const number a, const number b, const struct modulus *modulus)
{
    uint32_t t[NUMBER_WORDS + 1] = {0};
    for (unsigned i = 0; i < NUMBER_WORDS; i++) {
        uint64_t carry = 0;
        for (unsigned j = 0; j < NUMBER_WORDS; j++) {
            carry += (uint64_t)a[i] * b[j] + t[j];
            t[j] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += t[NUMBER_WORDS];
        t[NUMBER_WORDS] = (uint32_t)carry;
        const uint32_t top = (uint32_t)(carry >> 32);
        const uint32_t factor = t[0] * modulus->inverse;
        carry = ((uint64_t)factor * modulus->m[0] + t[0]) >> 32;
        for (unsigned j = 1; j < NUMBER_WORDS; j++) {
            carry += (uint64_t)factor * modulus->m[j] + t[j];
            t[j - 1] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += t[NUMBER_WORDS];
        t[NUMBER_WORDS - 1] = (uint32_t)carry;
        t[NUMBER_WORDS] = top + (uint32_t)(carry >> 32);
    }
    if (t[NUMBER_WORDS] != 0 || !number_less(t, modulus->m))
        number_subtract(t, t, modulus->m);
    memcpy(out, t, sizeof(number));
}
