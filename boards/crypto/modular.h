/*
 * Numbers of 256 bits, and products of them modulo another: the arithmetic of both curves' signatures. Nothing in it is
 * secret.
 */
#ifndef MOTE_MODULAR_H
#define MOTE_MODULAR_H

#include <stdbool.h>
#include <stdint.h>

#define NUMBER_WORDS 8

/* The lowest word first. */
typedef uint32_t number[NUMBER_WORDS];

struct modulus {
    /* Odd. */
    number m;
    /* 2^512 mod m, which brings a number into Montgomery's form. */
    number r2;
    /* -1/m mod 2^32 */
    uint32_t inverse;
};

bool number_is_zero(const number a);
bool number_less(const number a, const number b);

/* Gives what is carried out of the highest word; `out` may be one of them. */
uint32_t number_add(number out, const number a, const number b);

/* Gives 1 when it borrowed from beyond the highest word; `out` may be one of them. */
uint32_t number_subtract(number out, const number a, const number b);

/* a * b / 2^256 mod m, below m, for any a and for b < m; `out` may be one of them. */
void modular_multiply(number out, const number a, const number b, const struct modulus *modulus);

#endif
