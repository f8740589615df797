/*
 * Repeatable random numbers: xorshift32 (G. Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8(14), 2003).
 * The TypeScript twin is host/device/link/random.ts.
 */
#ifndef MOTE_RANDOM_H
#define MOTE_RANDOM_H

#include <stdint.h>

struct random {
    uint32_t state;
};

static inline uint32_t random_next(struct random *random)
{
    uint32_t x = random->state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    random->state = x;
    return x;
}

static inline void random_start(struct random *random, uint32_t seed)
{
    /* A state of zero would stay zero. The multiplication separates neighbouring seeds. */
    random->state = (seed * UINT32_C(0x9e3779b1)) ^ UINT32_C(0x2545f491);
    if (random->state == 0)
        random->state = 1;
    for (int i = 0; i < 8; i++)
        random_next(random);
}

#endif
