/*
 * The node's end of a package's way to it: offers and chunks in, statuses out. The link delivers in order; whenever it
 * comes up anew, or the node was born anew, the sender offers again and the answer says where to go on. The same in
 * TypeScript: `UpdateReceiver` in host/device/update/transfer.ts.
 */
#ifndef MOTE_TRANSFER_H
#define MOTE_TRANSFER_H

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
    /* Judges the whole package (signature, ABI, memory, sequence), in flash; false refuses it and fills `why`. */
    bool (*verify)(void *context, struct span package, uint32_t sequence, struct reason *why);
    /*
     * A status to send. It points at what changes after the call, and no function of transfer.h or slots.h may be
     * called from here.
     */
    void (*status)(void *context, const struct transfer_status *status);
    void *context;
};

struct transfer {
    struct slots *slots;
    struct transfer_callbacks callbacks;
    uint32_t since_status;
    bool gap_told;
    /* Verified in this life of the node, zeros for none: a ready slot alone only has the right digest. */
    uint8_t verified[MESSAGE_SHA256_BYTES];
    /* The last package that was refused: not transferred again just to be refused again. No code, none. */
    uint8_t refused[MESSAGE_SHA256_BYTES];
    struct reason refusal;
};

void transfer_open(struct transfer *transfer, struct slots *slots, const struct transfer_callbacks *callbacks);

/*
 * When transfer_erasing afterwards, call transfer_erase until it isn't, between other things: the answer comes then.
 * When transfer_ready gives a slot, the node swaps: slots_start_trial, then slots_boot.
 */
void transfer_offer(struct transfer *transfer, const struct slots_offer *offer);

/* A slot is being erased, for the last offer or to receive its package anew. */
bool transfer_erasing(const struct transfer *transfer);

/* Erases one page more. */
void transfer_erase(struct transfer *transfer);

/* As transfer_offer; a chunk of an unknown transfer has no answer. `id` has MESSAGE_TRANSFER_BYTES. */
void transfer_chunk(struct transfer *transfer, const uint8_t *id, uint32_t offset, const uint8_t *bytes,
                    uint32_t count);

/* The slot with the verified package that waits to be swapped in, or SLOT_NONE. */
int transfer_ready(const struct transfer *transfer);

/* A status about the package in a slot. */
struct transfer_status transfer_status_of(const struct slots *slots, int slot, enum transfer_state state);

#endif
