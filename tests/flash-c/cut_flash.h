/*
 * NOR flash in memory: the rules of a real chip, wear counters, and a power supply that fails where a test says. What a
 * cut leaves is to the bit what host/device/flash/memory-flash.ts leaves. Calls nothing of an operating system, so that boards
 * run it too.
 */
#ifndef CUT_FLASH_H
#define CUT_FLASH_H

#include <setjmp.h>

#include "flash/flash.h"

/* What is left of the operation that a cut hits; the first five are those of memory-flash.ts. */
enum cut_mode {
    CUT_BEFORE = 0, /* nothing of it */
    CUT_MIDDLE,     /* a mixture: each byte old, new, or between; of an erase, noise as well */
    CUT_AFTER,      /* all of it */
    CUT_UNSYNCED,   /* nothing of it, nor of anything since the last sync */
    CUT_REORDERED,  /* all of it, and nothing else since the last sync */
    CUT_FAULT,      /* no cut: a mixture, and the driver says that it failed */
};
#define CUT_MODES 6

/* What longjmp brings to `power`. */
enum cut_end {
    CUT_POWER = 1,
    /* `violation` says which rule was broken. */
    CUT_VIOLATION,
};

struct cut_flash {
    struct flash flash;
    uint8_t *image;
    /* One byte a write: 1 when it may not be programmed before its page is erased. */
    uint8_t *written;
    /* One number a page. */
    uint32_t *erases;
    /* What the operations since the last sync have changed: position, count, then old bytes and old `written`. */
    uint8_t *undo;
    uint32_t undo_size;
    uint32_t undo_used;
    uint32_t operations;
    uint32_t cut_at;
    enum cut_mode mode;
    uint32_t random;
    const char *violation;
    /* Where a cut or a violation leads. */
    jmp_buf power;
};

/* Erased flash over memory that the caller gives; `size`, `page` and `write` of `chip->flash` are set before. */
void cut_flash_start(struct cut_flash *chip);

/* Lets `operations` more programs and erases succeed; the next one is hit. */
void cut_flash_plan(struct cut_flash *chip, uint32_t operations, enum cut_mode mode);

/* Power is back; no further cut is planned. */
void cut_flash_restart(struct cut_flash *chip);

#endif
