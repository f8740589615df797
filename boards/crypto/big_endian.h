/* Big-endian integers, as hashes and curves have them. */
#ifndef MOTE_BIG_ENDIAN_H
#define MOTE_BIG_ENDIAN_H

#include <stdint.h>

static inline uint32_t get_u32_be(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

static inline void put_u32_be(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

#endif
