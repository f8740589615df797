/*
 * Two slots and a journal, for the module that a node trusts and the one that it tries. A swap is one journal record;
 * no byte of a package is ever copied. The TypeScript twin is host/device/update/slots.ts.
 *
 * A function that returns false fills `why` with the reason. Every change is durable when its call returns true. A
 * change that failed (FLASH_IO) has had no effect and may be tried again.
 */
#ifndef MOTE_SLOTS_H
#define MOTE_SLOTS_H

#include "slot_state.h"
#include "slot_writer.h"

struct slots_layout {
    /* Pages of the journal at the start of the region: even, 2 or more. */
    uint32_t journal_pages;
    /* Pages of each of the two slots that follow; 0 for half of what is left. */
    uint32_t slot_pages;
};

struct slots {
    struct journal journal;
    struct flash_region region[2];
    struct slots_state state;
    /* Writer of the slot that is receiving or is being erased for that. */
    struct slot_writer writer;
    /* The slot that is being erased for a transfer, or SLOT_NONE, and its state after that. */
    int erasing;
    struct slot_record coming;
};

/* The package of a transfer: its digest, its sequence of 1 or more, its bytes. */
struct slots_offer {
    uint8_t sha256[MESSAGE_SHA256_BYTES];
    uint32_t sequence;
    uint32_t total;
};

/*
 * Opens the store. Only reads; any other contents of the flash count as two empty slots. A trial that was booted and
 * never confirmed counts as failed from here on. Returns false (FLASH_RANGE) if the layout does not fit.
 */
bool slots_open(struct slots *slots, const struct flash_region *region, const struct slots_layout *layout,
                struct reason *why);

/* Returns the size of the largest package that fits. */
uint32_t slots_bytes(const struct slots *slots);

/* Returns the slot in that state, or SLOT_NONE. Only SLOT_EMPTY can have more than one. */
int slots_find(const struct slots *slots, enum slot_state state);

/* Returns the slot that runs or is to run: the trial, else the confirmed slot, or SLOT_NONE. Records nothing. */
int slots_active(const struct slots *slots);

/*
 * Selects the slot to run. Call it at the start of the node and after slots_start_trial. The only boot of a trial is
 * recorded before this returns. A trial that was booted before and is not confirmed fails here, and the old slot is
 * selected; SLOT_NONE if there is none.
 */
bool slots_boot(struct slots *slots, int *slot, struct reason *why);

/* Returns the bytes received of the present transfer, 0 without one. */
uint32_t slots_received(const struct slots *slots);

/*
 * Says whether this transfer is under way, in a slot or while one is `erasing` for it, and where it goes on; it changes
 * nothing. Returns false for the reasons of slots_begin.
 */
bool slots_under_way(const struct slots *slots, const struct slots_offer *offer, bool *under_way, uint32_t *received,
                     struct reason *why);

/*
 * Starts a transfer into the slot that is not confirmed, or resumes it; `*received` is where it goes on. If a slot is
 * `erasing` afterwards, call slots_erase until none is. Returns false for OTA_FORMAT, OTA_ROLLBACK, OTA_FAILED_BEFORE,
 * OTA_TOO_LARGE, OTA_BUSY (a trial is under way), FLASH_IO.
 */
bool slots_begin(struct slots *slots, const struct slots_offer *offer, uint32_t *received, struct reason *why);

/*
 * Erases one page, which stops a chip for some time. After the last page the transfer is under way. Returns false for
 * FLASH_IO, after which no slot is erasing, and for OTA_STATE if none was.
 */
bool slots_erase(struct slots *slots, struct reason *why);

/*
 * Appends bytes at `offset` of the package; bytes that were received before are skipped. Returns false for OTA_GAP,
 * OTA_TOO_LARGE, OTA_STATE (no transfer), FLASH_IO.
 */
bool slots_append(struct slots *slots, uint32_t offset, const uint8_t *bytes, uint32_t count, struct reason *why);

/*
 * Checks the digest of the whole package and makes the slot ready; a ready slot stays ready. Returns false for
 * OTA_STATE, OTA_GAP while bytes are missing, OTA_DIGEST if the bytes are not the offered ones (the slot is then empty
 * again), FLASH_IO.
 *
 * The bytes of a resumed transfer may be what the loss of power left. Then `*slot` is SLOT_NONE, and the slot is
 * `erasing` for the same transfer, as after slots_begin.
 */
bool slots_finish(struct slots *slots, int *slot, struct reason *why);

/* Drops what is being received or is ready, without blocking its sequence. */
bool slots_discard(struct slots *slots, struct reason *why);

/*
 * Returns the package of a ready, trial or confirmed slot, in flash. Returns false for OTA_STATE, and for OTA_DIGEST if
 * the flash lost some of it.
 */
bool slots_read(const struct slots *slots, int slot, struct span *package, struct reason *why);

/* The swap: one record makes the ready slot the one that slots_boot selects. Returns false for OTA_STATE, FLASH_IO. */
bool slots_start_trial(struct slots *slots, struct reason *why);

/*
 * The booted trial has succeeded: it becomes the confirmed slot, and the old slot is free. Returns false for OTA_STATE,
 * FLASH_IO.
 */
bool slots_confirm(struct slots *slots, struct reason *why);

/*
 * The trial has failed: the old slot is active again, and the sequence is blocked. Returns false for OTA_STATE,
 * FLASH_IO.
 */
bool slots_fail(struct slots *slots, const struct reason *reason, struct reason *why);

#endif
