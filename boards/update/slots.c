/* The slot store. Each change is one record of the whole state; RAM follows what is durable. */
#include "slots.h"

#include <string.h>

#include "crypto/crypto.h"

_Static_assert(SHA256_BYTES == MESSAGE_SHA256_BYTES, "a slot is known by the package's SHA-256");

static bool flash_failed(struct reason *why)
{
    return refuse(why, REASON_FLASH_FAILED);
}

static void interrupt(struct slots_state *state, int trial)
{
    struct reason reason;
    refuse(&reason, REASON_TRIAL_INTERRUPTED);
    slots_state_fail(state, trial, &reason);
}

bool slots_open(struct slots *slots, const struct flash_region *region, const struct slots_layout *layout,
                struct reason *why)
{
    uint32_t page = region->flash->page;
    uint32_t pages = region_pages(region);
    uint32_t journal_pages = layout->journal_pages;
    if (journal_pages >= pages)
        return refuse(why, REASON_SLOTS_JOURNAL);
    uint32_t slot_pages = layout->slot_pages > 0 ? layout->slot_pages : (pages - journal_pages) / 2;
    if (slot_pages < 1 || slot_pages > (pages - journal_pages) / 2)
        return refuse(why, REASON_SLOTS_SIZE);
    memset(slots, 0, sizeof *slots);
    slots->erasing = SLOT_NONE;
    for (uint32_t i = 0; i < 2; i++)
        slots->region[i] = region_part(region, (journal_pages + i * slot_pages) * page, slot_pages * page);
    const struct flash_region journal = region_part(region, 0, journal_pages * page);
    if (!journal_open(&slots->journal, &journal, JOURNAL_SLOTS) ||
        journal_stored_bytes(&slots->journal, SLOTS_STATE_BYTES) > journal_capacity(&slots->journal))
        return refuse(why, REASON_SLOTS_BANKS);
    struct slots_state *state = &slots->state;
    struct span record;
    for (uint32_t at = 0; journal_next(&slots->journal, &at, &record);)
        slots_state_decode(state, record, slots_bytes(slots));
    int trial = slots_find(slots, SLOT_TRIAL);
    if (trial != SLOT_NONE && state->slot[trial].booted)
        interrupt(state, trial);
    int receiving = slots_find(slots, SLOT_RECEIVING);
    if (receiving != SLOT_NONE)
        slot_writer_resume(&slots->writer, &slots->region[receiving], state->slot[receiving].total);
    return true;
}

uint32_t slots_bytes(const struct slots *slots)
{
    return slots->region[0].size;
}

int slots_find(const struct slots *slots, enum slot_state state)
{
    return slots_state_find(&slots->state, state);
}

int slots_active(const struct slots *slots)
{
    int trial = slots_find(slots, SLOT_TRIAL);
    return trial != SLOT_NONE ? trial : slots_find(slots, SLOT_CONFIRMED);
}

static bool commit(struct slots *slots, const struct slots_state *next, struct reason *why)
{
    uint8_t record[SLOTS_STATE_BYTES];
    const struct span parts[1] = {{record, slots_state_encode(next, record)}};
    bool durable;
    if (journal_has_room(&slots->journal, parts[0].count)) {
        durable = journal_append(&slots->journal, parts, 1);
    } else {
        struct journal_move move;
        journal_begin(&slots->journal, &move);
        journal_put(&move, parts, 1);
        durable = journal_finish(&move);
    }
    if (!durable)
        return flash_failed(why);
    slots->state = *next;
    return true;
}

static bool change(struct slots *slots, int slot, const struct slot_record *record, struct reason *why)
{
    struct slots_state next = slots->state;
    slots_state_change(&next, slot, record);
    return commit(slots, &next, why);
}

static bool clear(struct slots *slots, int slot, struct reason *why)
{
    const struct slot_record empty = {.state = SLOT_EMPTY};
    return slots->state.slot[slot].state == SLOT_EMPTY || change(slots, slot, &empty, why);
}

bool slots_boot(struct slots *slots, int *slot, struct reason *why)
{
    int trial = slots_find(slots, SLOT_TRIAL);
    if (trial != SLOT_NONE) {
        struct slots_state next = slots->state;
        struct slot_record record = next.slot[trial];
        record.booted = true;
        if (next.slot[trial].booted)
            interrupt(&next, trial);
        else
            slots_state_change(&next, trial, &record);
        if (!commit(slots, &next, why))
            return false;
    }
    *slot = slots_active(slots);
    return true;
}

uint32_t slots_received(const struct slots *slots)
{
    return slots_find(slots, SLOT_RECEIVING) == SLOT_NONE ? 0 : slots->writer.received;
}

/* Returns the slot of the transfer, whether it is under way or waits for its swap. */
static int pending(const struct slots *slots)
{
    int receiving = slots_find(slots, SLOT_RECEIVING);
    return receiving != SLOT_NONE ? receiving : slots_find(slots, SLOT_READY);
}

static bool check_offer(const struct slots *slots, const struct slots_offer *offer, struct reason *why)
{
    const struct slots_state *state = &slots->state;
    const uint32_t sequence = offer->sequence;
    uint32_t lowest = UINT32_MAX;
    if (sequence < 1 || offer->total < 1)
        return refuse(why, REASON_OTA_FORMAT);
    if (sequence <= state->highest)
        return refuse_numbers(why, REASON_OTA_ROLLBACK, (const uint32_t[]){sequence, state->highest}, 2);
    for (uint32_t i = 0; i < state->failed_count; i++) {
        if (state->failed[i] == sequence)
            return refuse_numbers(why, REASON_OTA_FAILED_BEFORE, &sequence, 1);
        if (state->failed[i] < lowest)
            lowest = state->failed[i];
    }
    /* What was dropped to make room is below all remembered sequences, and must not be tried again either. */
    if (state->failed_count == SLOTS_FAILURES && sequence < lowest)
        return refuse_numbers(why, REASON_OTA_BELOW_FAILED, (const uint32_t[]){sequence, SLOTS_FAILURES}, 2);
    if (offer->total > slots_bytes(slots))
        return refuse_numbers(why, REASON_OTA_TOO_LARGE, (const uint32_t[]){offer->total, slots_bytes(slots)}, 2);
    if (slots_find(slots, SLOT_TRIAL) != SLOT_NONE)
        return refuse(why, REASON_OTA_BUSY);
    return true;
}

static bool is_of(const struct slot_record *record, const struct slots_offer *offer)
{
    return record->sequence == offer->sequence && record->total == offer->total &&
           memcmp(record->sha256, offer->sha256, MESSAGE_SHA256_BYTES) == 0;
}

/* Three steps, so that a slot is never `receiving` while its old bytes could pass for received ones. */
static bool begin_erase(struct slots *slots, int slot, const struct slot_record *coming, struct reason *why)
{
    if (!clear(slots, slot, why))
        return false;
    slot_writer_start(&slots->writer, &slots->region[slot], coming->total);
    slots->erasing = slot;
    slots->coming = *coming;
    return true;
}

bool slots_under_way(const struct slots *slots, const struct slots_offer *offer, bool *under_way, uint32_t *received,
                     struct reason *why)
{
    if (!check_offer(slots, offer, why))
        return false;
    *received = 0;
    *under_way = slots->erasing != SLOT_NONE && is_of(&slots->coming, offer);
    if (*under_way)
        return true;
    const int waiting = pending(slots);
    if (waiting == SLOT_NONE || !is_of(&slots->state.slot[waiting], offer))
        return true;
    const struct slot_record *record = &slots->state.slot[waiting];
    *under_way = true;
    *received = record->state == SLOT_READY ? record->total : slots->writer.received;
    return true;
}

bool slots_begin(struct slots *slots, const struct slots_offer *offer, uint32_t *received, struct reason *why)
{
    bool under_way;
    if (!slots_under_way(slots, offer, &under_way, received, why))
        return false;
    if (under_way)
        return true;
    int slot = slots_find(slots, SLOT_CONFIRMED) == 0 ? 1 : 0;
    struct slot_record record = {.state = SLOT_RECEIVING, .sequence = offer->sequence, .total = offer->total};
    memcpy(record.sha256, offer->sha256, MESSAGE_SHA256_BYTES);
    return begin_erase(slots, slot, &record, why);
}

bool slots_erase(struct slots *slots, struct reason *why)
{
    const int slot = slots->erasing;
    bool done;
    if (slot == SLOT_NONE)
        return refuse(why, REASON_OTA_NO_ERASE);
    slots->erasing = SLOT_NONE;
    if (!slot_writer_erase(&slots->writer, &done))
        return flash_failed(why);
    if (done)
        return change(slots, slot, &slots->coming, why);
    slots->erasing = slot;
    return true;
}

static bool need_transfer(const struct slots *slots, int *slot, struct reason *why)
{
    *slot = slots_find(slots, SLOT_RECEIVING);
    return *slot != SLOT_NONE || refuse(why, REASON_OTA_NO_TRANSFER);
}

bool slots_append(struct slots *slots, uint32_t offset, const uint8_t *bytes, uint32_t count, struct reason *why)
{
    int slot;
    if (!need_transfer(slots, &slot, why))
        return false;
    uint32_t total = slots->state.slot[slot].total;
    uint32_t received = slots->writer.received;
    if (offset > total || count > total - offset)
        return refuse_numbers(why, REASON_OTA_OUTSIDE, (const uint32_t[]){offset, offset + count, total}, 3);
    if (offset > received)
        return refuse_numbers(why, REASON_OTA_GAP, (const uint32_t[]){offset, received}, 2);
    uint32_t known = received - offset;
    return known >= count || slot_writer_append(&slots->writer, bytes + known, count - known) || flash_failed(why);
}

static bool has_digest(const struct slots *slots, int slot)
{
    const struct slot_record *record = &slots->state.slot[slot];
    uint8_t digest[SHA256_BYTES];
    sha256_of(region_bytes(&slots->region[slot]), record->total, digest);
    return memcmp(digest, record->sha256, SHA256_BYTES) == 0;
}

bool slots_finish(struct slots *slots, int *slot, struct reason *why)
{
    *slot = slots_find(slots, SLOT_READY);
    if (*slot != SLOT_NONE)
        return true;
    if (!need_transfer(slots, slot, why))
        return false;
    struct slot_record record = slots->state.slot[*slot];
    if (slots->writer.received < record.total)
        return refuse_numbers(why, REASON_OTA_INCOMPLETE, (const uint32_t[]){slots->writer.received, record.total}, 2);
    if (!slot_writer_finish(&slots->writer))
        return flash_failed(why);
    if (!has_digest(slots, *slot)) {
        /* What the loss of power left may have passed for received bytes: request all of them again. */
        if (slots->writer.resumed) {
            const int again = *slot;
            *slot = SLOT_NONE;
            return begin_erase(slots, again, &record, why);
        }
        return clear(slots, *slot, why) && refuse(why, REASON_OTA_DIGEST);
    }
    record.state = SLOT_READY;
    return change(slots, *slot, &record, why);
}

bool slots_discard(struct slots *slots, struct reason *why)
{
    int slot = pending(slots);
    return slot == SLOT_NONE || clear(slots, slot, why);
}

bool slots_read(const struct slots *slots, int slot, struct span *package, struct reason *why)
{
    const struct slot_record *record = &slots->state.slot[slot];
    const uint32_t number = (uint32_t)slot;
    if (record->state != SLOT_READY && record->state != SLOT_TRIAL && record->state != SLOT_CONFIRMED)
        return refuse_numbers(why, REASON_OTA_NO_PACKAGE, (const uint32_t[]){number, record->state}, 2);
    if (!has_digest(slots, slot))
        return refuse_numbers(why, REASON_OTA_DAMAGED, &number, 1);
    *package = (struct span){region_bytes(&slots->region[slot]), record->total};
    return true;
}

bool slots_start_trial(struct slots *slots, struct reason *why)
{
    int slot = slots_find(slots, SLOT_READY);
    if (slot == SLOT_NONE)
        return refuse(why, REASON_OTA_NONE_READY);
    struct slot_record record = slots->state.slot[slot];
    record.state = SLOT_TRIAL;
    record.booted = false;
    return change(slots, slot, &record, why);
}

bool slots_confirm(struct slots *slots, struct reason *why)
{
    int trial = slots_find(slots, SLOT_TRIAL);
    if (trial == SLOT_NONE)
        return refuse(why, REASON_OTA_NO_TRIAL);
    if (!slots->state.slot[trial].booted)
        return refuse(why, REASON_OTA_NOT_BOOTED);
    struct slots_state next = slots->state;
    slots_state_confirm(&next, trial);
    return commit(slots, &next, why);
}

bool slots_fail(struct slots *slots, const struct reason *reason, struct reason *why)
{
    int trial = slots_find(slots, SLOT_TRIAL);
    if (trial == SLOT_NONE)
        return refuse(why, REASON_OTA_NONE_TO_FAIL);
    struct slots_state next = slots->state;
    slots_state_fail(&next, trial, reason);
    return commit(slots, &next, why);
}
