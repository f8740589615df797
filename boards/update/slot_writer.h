/*
 * Writes the bytes of a package into a slot. The progress is not journalled: the slot is erased before, bytes arrive in
 * order, and all earlier pages are durable before the first byte of the next one is programmed. After a loss of power
 * the last page that is not blank is therefore the only doubtful one, and the transfer goes on at its start. If the
 * erase of the page behind it is interrupted as well, the doubtful page may look complete; the digest of the package
 * detects that at the end. The TypeScript twin is host/device/update/slot-writer.ts.
 */
#ifndef MOTE_SLOT_WRITER_H
#define MOTE_SLOT_WRITER_H

#include "flash/flash.h"

#define SLOT_WRITE_BYTES 256

struct slot_writer {
    struct flash_region region;
    uint32_t total;
    uint32_t erased_pages;
    /* Bytes received so far. */
    uint32_t received;
    /* An earlier page may differ from what was sent. */
    bool resumed;
    /* The page at `received` may be half programmed. */
    bool doubtful;
    /* The last received bytes, which do not fill a write yet. */
    uint32_t tail_count;
    uint8_t tail[SLOT_WRITE_BYTES];
};

/* Prepares for a package of `total` bytes. Nothing may be appended before slot_writer_erase has erased the pages. */
void slot_writer_start(struct slot_writer *writer, const struct flash_region *region, uint32_t total);

/*
 * Erases the next page. `*done` says that it was the last and that all pages are durably blank. Returns false if the
 * flash failed.
 */
bool slot_writer_erase(struct slot_writer *writer, bool *done);

/* Resumes after a restart, or after the flash failed. Only reads. */
void slot_writer_resume(struct slot_writer *writer, const struct flash_region *region, uint32_t total);

/* Appends the next bytes. Returns false if the flash failed; `received` is then what is certain. */
bool slot_writer_append(struct slot_writer *writer, const uint8_t *bytes, uint32_t count);

/* Writes an incomplete write. Everything is durable when this returns true. */
bool slot_writer_finish(struct slot_writer *writer);

#endif
