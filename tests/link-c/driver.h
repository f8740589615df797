/* What the files of the driver share: words of a line in, hexadecimal bytes out, commands of the codec. */
#ifndef MOTE_LINK_DRIVER_H
#define MOTE_LINK_DRIVER_H

#include "base/bytes.h"
#include "link/message.h"

_Noreturn void fail(const char *why);

/* The next word of the line, as text, as a number, and as bytes in memory of exactly their size. */
char *word(void);
uint64_t number(void);
int64_t integer(void);
struct span bytes(void);
void release(struct span span);

void put_hex(const uint8_t *at, size_t count);
void put_message(const struct message *message);

/* Runs a command of the codec. Returns false if there is none of that name. */
bool run_codec(const char *name);

#endif
