/*
 * The node's end of the transfer of a package: offers and chunks in, statuses out. The link delivers in order. When it
 * comes up again, or the node has restarted, the sender offers again, and the answer says where to go on. The
 * TypeScript twin is `UpdateReceiver` in host/device/update/transfer.ts.
 *
 * Whoever reaches the link can offer packages, so nothing is erased before the signed manifest of one has arrived, and
 * only for so many in a day.
 */
#ifndef MOTE_TRANSFER_H
#define MOTE_TRANSFER_H

#include "base/budget.h"
#include "slots.h"

struct transfer_status {
    enum transfer_state state;
    uint32_t sequence;
    const uint8_t *sha256;
    uint32_t received;
    uint32_t total;
    /* NULL without one. */
    const struct reason *reason;
};

struct transfer_callbacks {
    uint64_t (*now_us)(void *context);
    /*
     * Verifies the first chunk of a package, which contains its signed manifest. Returns false, with the reason in
     * `why`, to reject the package.
     */
    bool (*verify_head)(void *context, struct span chunk, const struct slots_offer *offer, struct reason *why);
    /*
     * Verifies the whole package in flash (signature, ABI, memory, sequence). Returns false, with the reason in `why`,
     * to reject it.
     */
    bool (*verify)(void *context, struct span package, uint32_t sequence, struct reason *why);
    /*
     * Sends a status. It points at data that changes after the call. No function of transfer.h or slots.h may be called
     * from here.
     */
    void (*status)(void *context, const struct transfer_status *status);
    void *context;
};

struct transfer {
    struct slots *slots;
    struct transfer_callbacks callbacks;
    uint32_t since_status;
    bool gap_told;
    /* The head of the package `offered` must arrive next. */
    bool awaits_head;
    struct slots_offer offered;
    /* Packages for which a slot is erased. */
    struct budget begun;
    /*
     * Digest of the package that was verified since the start of the node, zeros for none: the state of a ready slot
     * alone only means that its digest is right.
     */
    uint8_t verified[MESSAGE_SHA256_BYTES];
    /*
     * The last package that was rejected, so that it is not transferred again only to be rejected again. No code means
     * none.
     */
    uint8_t refused[MESSAGE_SHA256_BYTES];
    struct reason refusal;
};

void transfer_open(struct transfer *transfer, struct slots *slots, const struct transfer_callbacks *callbacks);

/*
 * If transfer_erasing is true afterwards, call transfer_erase until it is false; the answer follows then. When
 * transfer_ready returns a slot, the node swaps: slots_start_trial, then slots_boot.
 */
void transfer_offer(struct transfer *transfer, const struct slots_offer *offer);

/* Returns whether a slot is being erased, for the last offer or to receive its package again. */
bool transfer_erasing(const struct transfer *transfer);

/* Erases one more page. */
void transfer_erase(struct transfer *transfer);

/*
 * Handles a chunk, as transfer_offer does an offer. A chunk of an unknown transfer has no answer. `id` has
 * MESSAGE_TRANSFER_BYTES.
 */
void transfer_chunk(struct transfer *transfer, const uint8_t *id, uint32_t offset, const uint8_t *bytes,
                    uint32_t count);

/* Returns the slot with the verified package that waits for its swap, or SLOT_NONE. */
int transfer_ready(const struct transfer *transfer);

/* Returns a status about the package in a slot. */
struct transfer_status transfer_status_of(const struct slots *slots, int slot, enum transfer_state state);

#endif
