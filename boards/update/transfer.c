/* Receives a package. What the slots reject becomes a status. */
#include "transfer.h"

#include <string.h>

void transfer_open(struct transfer *transfer, struct slots *slots, const struct transfer_callbacks *callbacks)
{
    *transfer = (struct transfer){.slots = slots, .callbacks = *callbacks};
}

static bool is_of(const uint8_t *id, const uint8_t *sha256)
{
    return memcmp(sha256, id, MESSAGE_TRANSFER_BYTES) == 0;
}

static bool same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, MESSAGE_SHA256_BYTES) == 0;
}

static void tell(const struct transfer *transfer, const struct transfer_status *status)
{
    transfer->callbacks.status(transfer->callbacks.context, status);
}

static void tell_refused(const struct transfer *transfer, const struct slots_offer *offer, const struct reason *reason)
{
    const struct transfer_status status = {
        .state = TRANSFER_REFUSED,
        .sequence = offer->sequence,
        .sha256 = offer->sha256,
        .total = offer->total,
        .reason = reason,
    };
    tell(transfer, &status);
}

struct transfer_status transfer_status_of(const struct slots *slots, int slot, enum transfer_state state)
{
    const struct slot_record *record = &slots->state.slot[slot];
    return (struct transfer_status){
        .state = state,
        .sequence = record->sequence,
        .sha256 = record->sha256,
        .received = record->total,
        .total = record->total,
        .reason = record->state == SLOT_FAILED && slots->state.reason.number != REASON_NONE ? &slots->state.reason : NULL,
    };
}

static void tell_slot(const struct transfer *transfer, int slot, enum transfer_state state)
{
    const struct transfer_status status = transfer_status_of(transfer->slots, slot, state);
    tell(transfer, &status);
}

static void tell_receiving(struct transfer *transfer)
{
    int slot = slots_find(transfer->slots, SLOT_RECEIVING);
    transfer->since_status = 0;
    if (slot == SLOT_NONE)
        return;
    struct transfer_status status = transfer_status_of(transfer->slots, slot, TRANSFER_RECEIVING);
    status.received = slots_received(transfer->slots);
    tell(transfer, &status);
}

static bool has_budget(const struct transfer *transfer, struct reason *why)
{
    const uint64_t now_us = transfer->callbacks.now_us(transfer->callbacks.context);
    const uint64_t wait_us = budget_wait_us(&transfer->begun, NODE_DAY_PACKAGES, now_us);
    const uint32_t numbers[] = {NODE_DAY_PACKAGES, budget_seconds(wait_us)};
    return wait_us == 0 || refuse_numbers(why, REASON_OTA_BUDGET, numbers, 2);
}

/* Asks for the first chunk alone, which a total of 0 means. */
static void ask_for_head(struct transfer *transfer, const struct slots_offer *offer)
{
    transfer->awaits_head = true;
    transfer->offered = *offer;
    const struct transfer_status status = {
        .state = TRANSFER_RECEIVING, .sequence = offer->sequence, .sha256 = transfer->offered.sha256};
    tell(transfer, &status);
}

/* The head of the offered package. From here on its signed manifest is worth an erased slot. */
static void take_head(struct transfer *transfer, struct span chunk)
{
    const struct transfer_callbacks *callbacks = &transfer->callbacks;
    struct reason why = {0};
    uint32_t received;
    transfer->awaits_head = false;
    if (callbacks->verify_head(callbacks->context, chunk, &transfer->offered, &why) &&
        slots_begin(transfer->slots, &transfer->offered, &received, &why))
        budget_spend(&transfer->begun, NODE_DAY_PACKAGES, callbacks->now_us(callbacks->context));
    else
        tell_refused(transfer, &transfer->offered, &why);
}

/* All bytes have arrived: the slot becomes ready, and its package is verified. */
static void complete(struct transfer *transfer, const struct slots_offer *offer)
{
    struct slots *slots = transfer->slots;
    const struct transfer_callbacks *callbacks = &transfer->callbacks;
    struct reason why = {0};
    bool checked = slots_find(slots, SLOT_READY) == SLOT_NONE;
    int slot;
    if (!slots_finish(slots, &slot, &why)) {
        tell_refused(transfer, offer, &why);
        return;
    }
    /* The slot is being erased again. The answer follows after that. */
    if (slot == SLOT_NONE)
        return;
    tell_slot(transfer, slot, TRANSFER_VERIFYING);
    /* A digest takes a node some time. Do not compute again the one that slots_finish has just checked. */
    struct span package = {region_bytes(&slots->region[slot]), offer->total};
    if ((checked || slots_read(slots, slot, &package, &why)) &&
        callbacks->verify(callbacks->context, package, offer->sequence, &why)) {
        memcpy(transfer->verified, offer->sha256, MESSAGE_SHA256_BYTES);
        return;
    }
    memcpy(transfer->refused, offer->sha256, MESSAGE_SHA256_BYTES);
    transfer->refusal = why;
    slots_discard(slots, &why);
    tell_refused(transfer, offer, &why);
}

void transfer_offer(struct transfer *transfer, const struct slots_offer *offer)
{
    struct slots *slots = transfer->slots;
    struct reason why;
    uint32_t received;
    bool under_way;
    transfer->since_status = 0;
    transfer->gap_told = false;
    transfer->awaits_head = false;
    int active = slots_active(slots);
    if (active != SLOT_NONE && same(slots->state.slot[active].sha256, offer->sha256)) {
        bool trial = slots->state.slot[active].state == SLOT_TRIAL;
        tell_slot(transfer, active, trial ? TRANSFER_TRIAL : TRANSFER_CONFIRMED);
        return;
    }
    int failed = slots_find(slots, SLOT_FAILED);
    if (failed != SLOT_NONE && slots->state.reason.number != REASON_NONE &&
        same(slots->state.slot[failed].sha256, offer->sha256)) {
        tell_slot(transfer, failed, TRANSFER_ROLLEDBACK);
        return;
    }
    if (transfer->refusal.number != REASON_NONE && same(transfer->refused, offer->sha256)) {
        tell_refused(transfer, offer, &transfer->refusal);
        return;
    }
    if (!slots_under_way(slots, offer, &under_way, &received, &why) || (!under_way && !has_budget(transfer, &why)))
        tell_refused(transfer, offer, &why);
    else if (!under_way)
        ask_for_head(transfer, offer);
    else if (received == offer->total)
        complete(transfer, offer);
    else if (!transfer_erasing(transfer))
        tell_receiving(transfer);
}

bool transfer_erasing(const struct transfer *transfer)
{
    return transfer->slots->erasing != SLOT_NONE;
}

static struct slots_offer offer_of(const struct slot_record *record)
{
    struct slots_offer offer = {.sequence = record->sequence, .total = record->total};
    memcpy(offer.sha256, record->sha256, sizeof offer.sha256);
    return offer;
}

void transfer_erase(struct transfer *transfer)
{
    struct reason why;
    const struct slots_offer offer = offer_of(&transfer->slots->coming);
    if (!slots_erase(transfer->slots, &why))
        tell_refused(transfer, &offer, &why);
    else if (!transfer_erasing(transfer))
        tell_receiving(transfer);
}

void transfer_chunk(struct transfer *transfer, const uint8_t *id, uint32_t offset, const uint8_t *bytes, uint32_t count)
{
    struct slots *slots = transfer->slots;
    if (transfer->awaits_head && offset == 0 && is_of(id, transfer->offered.sha256)) {
        take_head(transfer, (struct span){bytes, count});
        return;
    }
    int slot = slots_find(slots, SLOT_RECEIVING);
    if (slot == SLOT_NONE || !is_of(id, slots->state.slot[slot].sha256))
        return;
    uint32_t before = slots_received(slots);
    if (offset > before) {
        if (transfer->gap_told)
            return;
        transfer->gap_told = true;
        /* The first time it may report progress. Only a status without progress makes the sender go back. */
        tell_receiving(transfer);
        tell_receiving(transfer);
        return;
    }
    transfer->gap_told = false;
    const struct slots_offer offer = offer_of(&slots->state.slot[slot]);
    struct reason why;
    if (!slots_append(slots, offset, bytes, count, &why)) {
        tell_refused(transfer, &offer, &why);
        return;
    }
    if (slots_received(slots) == offer.total)
        complete(transfer, &offer);
    else if (slots_received(slots) != before && ++transfer->since_status >= TRANSFER_CHUNKS_PER_STATUS)
        tell_receiving(transfer);
}

int transfer_ready(const struct transfer *transfer)
{
    int slot = slots_find(transfer->slots, SLOT_READY);
    if (slot == SLOT_NONE || !same(transfer->slots->state.slot[slot].sha256, transfer->verified))
        return SLOT_NONE;
    return slot;
}
