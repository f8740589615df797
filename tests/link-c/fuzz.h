/* What the fuzz targets share: the input, and a check that ends the process. */
#ifndef MOTE_FUZZ_H
#define MOTE_FUZZ_H

#include <stdlib.h>

#include "base/bytes.h"
#include "link/message.h"

#define must(condition) \
    do { \
        if (!(condition)) \
            abort(); \
    } while (0)

/* Takes the next byte of the input, or the next bytes. Behind its end there are zeros, or none. */
uint8_t fuzz_u8(void);
struct span fuzz_take(size_t count);
size_t fuzz_left(void);

/* Reads all bytes that a message points to, so that a sanitizer sees each of them. */
void fuzz_touch_message(const struct message *message);

/* Targets of fuzz_parsers.c. */
void fuzz_frames(void);
void fuzz_stuffing(void);
void fuzz_packet(void);
void fuzz_message(void);
void fuzz_cbor(void);

#endif
