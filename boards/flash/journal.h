/*
 * A journal of records that survives a loss of power at any operation. The slots and the key-value stores are built on
 * it.
 *
 * The pages form two equal banks. Records are appended to one. When it is full, the records that still matter are
 * written to the other bank, which was erased before, and then its header with a higher generation. The valid header
 * with the highest generation selects the bank, so that one program operation moves the journal.
 *
 * docs/spec/flash.md has the format. The TypeScript twin, host/device/flash/journal.ts, does the same operations in the
 * same order.
 */
#ifndef MOTE_JOURNAL_H
#define MOTE_JOURNAL_H

#include "base/bytes.h"
#include "base/constants.h"
#include "flash.h"

struct journal {
    struct flash_region region;
    enum journal_kind kind;
    uint32_t bank_bytes;
    /* The bank in use, 0 or 1. It has no meaning while the generation is 0. */
    uint32_t bank;
    /* 0 means that there is no journal yet. */
    uint32_t generation;
    /* Offset in the bank at which the records end. */
    uint32_t records_end;
    /* There is a torn record or a failed program: nothing may follow in this bank. */
    bool closed;
};

/*
 * Finds the journal in a region. Only reads; anything that is not a journal of this kind counts as an empty one.
 * Returns false if the region has fewer than two pages.
 */
bool journal_open(struct journal *journal, const struct flash_region *region, enum journal_kind kind);

/* Bytes for records in one bank, and bytes that a record of `count` bytes takes. */
uint32_t journal_capacity(const struct journal *journal);
uint32_t journal_stored_bytes(const struct journal *journal, uint32_t count);

/*
 * Iterates over the records in order. Start with `*at` = 0. The span points into the flash and is valid until the next
 * journal_begin.
 */
bool journal_next(const struct journal *journal, uint32_t *at, struct span *record);

/* Returns whether a record of `count` bytes fits. Otherwise move everything that matters to the other bank. */
bool journal_has_room(const struct journal *journal, uint32_t count);

/* Appends a record that consists of parts; there must be room for it. It is durable when this returns true. */
bool journal_append(struct journal *journal, const struct span *parts, uint32_t part_count);

/*
 * The move to the other bank: begin, put each record that matters, finish. Each returns false if the flash failed; the
 * old bank then stays in use.
 */
struct journal_move {
    struct journal *journal;
    uint32_t at;
    uint32_t filled;
    bool failed;
    uint8_t piece[FLASH_PIECE_BYTES];
};
void journal_begin(struct journal *journal, struct journal_move *move);
void journal_put(struct journal_move *move, const struct span *parts, uint32_t part_count);
bool journal_finish(struct journal_move *move);

#endif
