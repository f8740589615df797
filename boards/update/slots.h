/*
 * Two slots and a journal: where a node keeps the module that it trusts and the one that it tries. A swap is one
 * journal record; no byte of a package is ever copied. The same in TypeScript: host/device/update/slots.ts.
 *
 * What returns false fills `why` with the code and the sentence that the TypeScript node has. Every change is durable
 * when its call returns true; one that failed (FLASH_IO) changed nothing that counts, and may be tried again.
 */
#ifndef MOTE_SLOTS_H
#define MOTE_SLOTS_H

#include "slot_state.h"
#include "slot_writer.h"

struct slots_layout {
    /* Pages of the journal, at the region's start: even, 2 or more. */
    uint32_t journal_pages;
    /* Pages of each of the two slots that follow; 0: half of what is left. */
    uint32_t slot_pages;
};

struct slots {
    struct journal journal;
    struct flash_region region[2];
    struct slots_state state;
    /* Of the slot that is receiving, or is erased for it. */
    struct slot_writer writer;
    /* The slot that is erased for a transfer, or SLOT_NONE, and what it will be. */
    int erasing;
    struct slot_record coming;
};

/* Which package a transfer brings: its digest, its sequence of 1 or more, its bytes. */
struct slots_offer {
    uint8_t sha256[MESSAGE_SHA256_BYTES];
    uint32_t sequence;
    uint32_t total;
};

/*
 * Opens the store. Only reads, and takes a flash that holds anything else for two empty slots. A trial that was booted
 * and never confirmed counts as failed from here on. False (FLASH_RANGE): the layout doesn't fit.
 */
bool slots_open(struct slots *slots, const struct flash_region *region, const struct slots_layout *layout,
                struct reason *why);

/* Largest package that fits. */
uint32_t slots_bytes(const struct slots *slots);

/* The slot in that state, or SLOT_NONE. There is never more than one of a state, but for SLOT_EMPTY. */
int slots_find(const struct slots *slots, enum slot_state state);

/* What runs or is to run: the trial, else the confirmed slot, or SLOT_NONE. Records nothing. */
int slots_active(const struct slots *slots);

/*
 * What to run now; call it at the node's start and after slots_start_trial. A trial's one and only boot is recorded
 * before this returns. A trial that was booted before and isn't confirmed is failed here, and the old slot is given;
 * SLOT_NONE when there is none.
 */
bool slots_boot(struct slots *slots, int *slot, struct reason *why);

/* Bytes of the transfer under way that came; 0 without one. */
uint32_t slots_received(const struct slots *slots);

/*
 * Starts a transfer into the slot that isn't confirmed, or resumes it when it was under way; `received` says where it
 * goes on. When a slot is `erasing` afterwards, call slots_erase until none is. False: OTA_FORMAT, OTA_ROLLBACK,
 * OTA_FAILED_BEFORE, OTA_TOO_LARGE, OTA_BUSY (a trial is under way), FLASH_IO.
 */
bool slots_begin(struct slots *slots, const struct slots_offer *offer, uint32_t *received, struct reason *why);

/*
 * Erases one page, which stops a chip for a while; after the last the transfer is under way. False: FLASH_IO, and none
 * is erasing; or OTA_STATE, when none was.
 */
bool slots_erase(struct slots *slots, struct reason *why);

/*
 * Takes bytes at `offset` of the package; what was received before is passed over. False: OTA_GAP, OTA_TOO_LARGE,
 * OTA_STATE (no transfer), FLASH_IO.
 */
bool slots_append(struct slots *slots, uint32_t offset, const uint8_t *bytes, uint32_t count, struct reason *why);

/*
 * Checks the whole package's digest and makes the slot ready, which one that is ready stays. False: OTA_STATE, OTA_GAP
 * while bytes are missing, OTA_DIGEST, with the slot empty again, when they aren't the offered ones, FLASH_IO.
 * Those of a transfer that was resumed may be what the loss of power left: then `*slot` is SLOT_NONE, and the slot is
 * `erasing` for the same transfer, as after slots_begin.
 */
bool slots_finish(struct slots *slots, int *slot, struct reason *why);

/* Forgets what is being received or is ready, without holding it against the sequence. */
bool slots_discard(struct slots *slots, struct reason *why);

/*
 * A package of a ready, trial or confirmed slot, in flash. False: OTA_STATE, or OTA_DIGEST when the flash lost some of
 * it.
 */
bool slots_read(const struct slots *slots, int slot, struct span *package, struct reason *why);

/* The swap: one record makes the ready slot the one that slots_boot gives. False: OTA_STATE, FLASH_IO. */
bool slots_start_trial(struct slots *slots, struct reason *why);

/* The booted trial is good: it is the confirmed one, and the old slot is free. False: OTA_STATE, FLASH_IO. */
bool slots_confirm(struct slots *slots, struct reason *why);

/* The trial failed: the old slot is active again, and the sequence isn't taken again. False: OTA_STATE, FLASH_IO. */
bool slots_fail(struct slots *slots, const struct reason *reason, struct reason *why);

#endif
