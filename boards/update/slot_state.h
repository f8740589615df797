/*
 * What the slot journal says: each record is the whole state, so the last valid one is all there is to know, and
 * writing one is the atomic step of every change. Format: docs/spec/flash.md; the same in TypeScript:
 * host/device/update/slot-journal.ts.
 */
#ifndef MOTE_SLOT_STATE_H
#define MOTE_SLOT_STATE_H

#include "flash/journal.h"
#include "base/reason.h"

/* No slot, where the number of one is asked for. */
#define SLOT_NONE (-1)

struct slot_record {
    enum slot_state state;
    /* A trial that was started; the next start of the node must not start it again. */
    bool booted;
    uint32_t sequence;
    /* Bytes of the whole package. */
    uint32_t total;
    uint8_t sha256[MESSAGE_SHA256_BYTES];
};

struct slots_state {
    /* Highest sequence ever confirmed, 0 at first: nothing at or below it is taken again. */
    uint32_t highest;
    /* Sequences above it that failed, the highest eight, newest first; with so many, none below them is taken. */
    uint32_t failed_count;
    uint32_t failed[SLOTS_FAILURES];
    struct slot_record slot[2];
    /* Why the slot in state SLOT_FAILED is so. */
    struct reason reason;
};

/* Where a record has its reason, and the longest record. */
#define SLOTS_REASON_AT (8 + 4 * SLOTS_FAILURES + 2 * SLOTS_SLOT_BYTES)
#define SLOTS_STATE_BYTES (SLOTS_REASON_AT + 5 + 8 * REASON_NUMBERS + REASON_TEXT_BYTES)

/* Writes the record into SLOTS_STATE_BYTES; returns how many bytes it has. */
uint32_t slots_state_encode(const struct slots_state *state, uint8_t *record);

/* False, and `state` as it was, for a record that wouldn't have been written for slots of `slot_bytes`. */
bool slots_state_decode(struct slots_state *state, struct span record, uint32_t slot_bytes);

/* The slot in that state, or SLOT_NONE. */
int slots_state_find(const struct slots_state *state, enum slot_state wanted);

/* The slot's module is the one that is trusted: the other slot is free, and the sequence the highest. */
void slots_state_confirm(struct slots_state *state, int slot);

/* The trial in the slot failed and isn't tried again. */
void slots_state_fail(struct slots_state *state, int slot, const struct reason *reason);

/* Replaces the record of a slot; a reason without a failed slot goes. */
void slots_state_change(struct slots_state *state, int slot, const struct slot_record *record);

#endif
