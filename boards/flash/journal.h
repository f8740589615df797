/*
 * A journal of records that survives a loss of power at any operation; the slots and the key-value stores are built on
 * it.
 *
 * The pages are two equal banks. Records are appended to one; when it is full, the records that still matter are
 * written to the freshly erased other one, and only then its header, with a higher generation. The valid header with
 * the highest generation names the bank that counts, so that one program is what moves the journal. Format and rules:
 * docs/spec/flash.md; the same in TypeScript: host/device/flash/journal.ts, which does the same operations in the same order.
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
    /* The bank that counts, 0 or 1; meaningless while the generation is 0. */
    uint32_t bank;
    /* 0: there is no journal yet. */
    uint32_t generation;
    /* Where in the bank the records end. */
    uint32_t records_end;
    /* A torn record or a failed program: nothing may follow in this bank. */
    bool closed;
};

/*
 * Finds the journal in a region. Only reads, and takes anything that isn't a journal of this kind for an empty one.
 * False: fewer than two pages.
 */
bool journal_open(struct journal *journal, const struct flash_region *region, enum journal_kind kind);

/*
 * Bytes for records in one bank, as journal_stored_bytes counts them, and the bytes that a record of `count` bytes
 * takes.
 */
uint32_t journal_capacity(const struct journal *journal);
uint32_t journal_stored_bytes(const struct journal *journal, uint32_t count);

/* The records in order: begin with `*at` 0. The span points into the flash; it holds until the next journal_begin. */
bool journal_next(const struct journal *journal, uint32_t *at, struct span *record);

/* A record of `count` bytes can be appended; otherwise all that matters must move to the other bank. */
bool journal_has_room(const struct journal *journal, uint32_t count);

/* Appends a record that is given in parts, when there is room for it; durable when this returns true. */
bool journal_append(struct journal *journal, const struct span *parts, uint32_t part_count);

/*
 * The move to the other bank: begin, put each record that matters, finish. False: the flash failed; the old bank counts
 * as before.
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
