/*
 * State of the slots. Each record of the slot journal is the whole state: the last valid one counts, and writing one is
 * the atomic step of every change. docs/spec/flash.md has the format; the TypeScript twin is
 * host/device/update/slot-journal.ts.
 */
#ifndef MOTE_SLOT_STATE_H
#define MOTE_SLOT_STATE_H

#include "base/reason.h"
#include "flash/journal.h"

/* No slot. */
#define SLOT_NONE (-1)

struct slot_record {
    enum slot_state state;
    /* The trial has been started. The next start of the node must not start it again. */
    bool booted;
    uint32_t sequence;
    /* Bytes of the whole package. */
    uint32_t total;
    uint8_t sha256[MESSAGE_SHA256_BYTES];
};

struct slots_state {
    /* Highest sequence that was ever confirmed, 0 at first. A package at or below it is not accepted. */
    uint32_t highest;
    /*
     * Sequences above it that failed: the eight highest, the newest first. With eight of them, no lower sequence is
     * accepted.
     */
    uint32_t failed_count;
    uint32_t failed[SLOTS_FAILURES];
    struct slot_record slot[2];
    /* Why the slot in state SLOT_FAILED failed. */
    struct reason reason;
};

/* Offset of the reason in a record, and bytes of the longest record. */
#define SLOTS_REASON_AT (8 + 4 * SLOTS_FAILURES + 2 * SLOTS_SLOT_BYTES)
#define SLOTS_STATE_BYTES (SLOTS_REASON_AT + 5 + 8 * REASON_NUMBERS + REASON_TEXT_BYTES)

/* Writes the record into SLOTS_STATE_BYTES. Returns its length. */
uint32_t slots_state_encode(const struct slots_state *state, uint8_t *record);

/*
 * Reads a record. Returns false, and leaves `state`, for a record that would not have been written for slots of
 * `slot_bytes`.
 */
bool slots_state_decode(struct slots_state *state, struct span record, uint32_t slot_bytes);

/* Returns the slot in that state, or SLOT_NONE. */
int slots_state_find(const struct slots_state *state, enum slot_state wanted);

/* The slot's module becomes the trusted one: the other slot is free, and the sequence is the highest. */
void slots_state_confirm(struct slots_state *state, int slot);

/* The trial in the slot has failed and is not repeated. */
void slots_state_fail(struct slots_state *state, int slot, const struct reason *reason);

/* Replaces the record of a slot. Without a failed slot the reason is dropped. */
void slots_state_change(struct slots_state *state, int slot, const struct slot_record *record);

#endif
