/*
 * A package's bytes on their way into a slot. How far they got isn't journalled: the slot is erased before, bytes
 * arrive in order, and all earlier pages are durable before the first byte of the next is programmed. So after a loss
 * of power the last page that isn't blank is the only doubtful one, and the transfer goes on at its start. When the
 * erase of the page behind it is interrupted as well, what that leaves makes the doubtful one look whole: the digest
 * finds it at the end. The same in TypeScript: host/device/update/slot-writer.ts.
 */
#ifndef MOTE_SLOT_WRITER_H
#define MOTE_SLOT_WRITER_H

#include "flash/flash.h"

#define SLOT_WRITE_BYTES 256

struct slot_writer {
    struct flash_region region;
    uint32_t total;
    uint32_t erased_pages;
    /* Bytes taken so far. */
    uint32_t received;
    /* An earlier page may not be what was sent. */
    bool resumed;
    /* The page at `received` may hold half of something. */
    bool doubtful;
    /* The last received bytes that don't fill a write yet. */
    uint32_t tail_count;
    uint8_t tail[SLOT_WRITE_BYTES];
};

/* For a package of `total` bytes; nothing may be appended before slot_writer_erase has erased what it needs. */
void slot_writer_start(struct slot_writer *writer, const struct flash_region *region, uint32_t total);

/* Erases the next page; `done`: that was the last, and all are durably blank. False: the flash failed. */
bool slot_writer_erase(struct slot_writer *writer, bool *done);

/* Goes on after a restart, or after the flash failed. Only reads. */
void slot_writer_resume(struct slot_writer *writer, const struct flash_region *region, uint32_t total);

/* Takes the next bytes. False: the flash failed; `received` is back at what is certain. */
bool slot_writer_append(struct slot_writer *writer, const uint8_t *bytes, uint32_t count);

/* Writes what doesn't fill a write; all is durable when it returns true. */
bool slot_writer_finish(struct slot_writer *writer);

#endif
