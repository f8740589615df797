/* Little-endian integers, spans of bytes, and the checksum of frames and journals. */
#ifndef MOTE_BYTES_H
#define MOTE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes anywhere in memory, such as a part of a record or a string in a message. */
struct span {
    const uint8_t *bytes;
    uint32_t count;
};

/* Compares the bytes of two spans, each of which may be empty. */
bool spans_equal(struct span a, struct span b);

static inline uint16_t get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t get_u64(const uint8_t *at)
{
    return (uint64_t)get_u32(at) | (uint64_t)get_u32(at + 4) << 32;
}

static inline void put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static inline void put_u32(uint8_t *at, uint32_t value)
{
    put_u16(at, (uint16_t)value);
    put_u16(at + 2, (uint16_t)(value >> 16));
}

static inline void put_u64(uint8_t *at, uint64_t value)
{
    put_u32(at, (uint32_t)value);
    put_u32(at + 4, (uint32_t)(value >> 32));
}

/*
 * Returns the CRC-32 of IEEE 802.3 (reflected polynomial 0xEDB88320). `crc` is 0 for the first piece, and the previous
 * result for each further piece.
 */
uint32_t crc32(uint32_t crc, const uint8_t *bytes, size_t count);

#endif
