/* Records of the slot journal, and the changes between them. */
#include "slot_state.h"

#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"

#define HIGHEST_AT 4
#define FAILED_AT 8
#define SLOTS_AT (FAILED_AT + 4 * SLOTS_FAILURES)
/* The format of earlier versions, which stored the code and the sentence of a reason as texts. */
#define EARLIER_FORMAT 1
/* 2^53 - 1, which every reader accepts. */
#define MAX_NUMBER INT64_C(9007199254740991)

_Static_assert(SLOTS_AT + 2 * SLOTS_SLOT_BYTES == SLOTS_REASON_AT, "the reason follows the slots");
_Static_assert(SLOTS_STATE_BYTES <= FLASH_MAX_RECORD_BYTES, "a state is one record");

/*
 * A reason is its number, what the module was doing, the counts of its numbers and of the bytes of its text, and these.
 */
static uint32_t encode_reason(const struct reason *reason, uint8_t *at)
{
    uint32_t bytes = 5;
    put_u16(at, reason->number);
    at[2] = reason->during;
    at[3] = reason->count;
    at[4] = reason->text_bytes;
    for (uint32_t i = 0; i < reason->count; i++, bytes += 8)
        put_u64(at + bytes, (uint64_t)reason->numbers[i]);
    memcpy(at + bytes, reason->text, reason->text_bytes);
    return bytes + reason->text_bytes;
}

uint32_t slots_state_encode(const struct slots_state *state, uint8_t *fixed)
{
    memset(fixed, 0, SLOTS_STATE_BYTES);
    fixed[0] = SLOTS_FORMAT;
    fixed[1] = (uint8_t)state->failed_count;
    put_u32(fixed + HIGHEST_AT, state->highest);
    for (uint32_t i = 0; i < state->failed_count; i++)
        put_u32(fixed + FAILED_AT + 4 * i, state->failed[i]);
    for (uint32_t i = 0; i < 2; i++) {
        const struct slot_record *slot = &state->slot[i];
        uint8_t *at = fixed + SLOTS_AT + SLOTS_SLOT_BYTES * i;
        at[0] = (uint8_t)slot->state;
        at[1] = slot->booted;
        put_u32(at + 4, slot->sequence);
        put_u32(at + 8, slot->total);
        memcpy(at + 12, slot->sha256, MESSAGE_SHA256_BYTES);
    }
    return SLOTS_REASON_AT + encode_reason(&state->reason, fixed + SLOTS_REASON_AT);
}

/* Returns false for a slot that is impossible or not encoded like this. */
static bool decode_slot(struct slot_record *slot, const uint8_t *at, uint32_t slot_bytes)
{
    if (at[0] > SLOT_FAILED || at[1] > 1)
        return false;
    slot->state = (enum slot_state)at[0];
    slot->booted = at[1] == 1;
    slot->sequence = get_u32(at + 4);
    slot->total = get_u32(at + 8);
    memcpy(slot->sha256, at + 12, MESSAGE_SHA256_BYTES);
    return slot->total <= slot_bytes && (slot->state == SLOT_EMPTY || slot->total > 0);
}

static bool decode_reason(struct reason *reason, const uint8_t *at, uint32_t count)
{
    if (count < 5 || at[3] > REASON_NUMBERS || at[4] > REASON_TEXT_BYTES || count != 5u + 8u * at[3] + at[4])
        return false;
    *reason = (struct reason){.number = get_u16(at), .during = at[2], .count = at[3]};
    const uint8_t *text = at + 5 + 8 * at[3];
    for (uint32_t i = 0; i < reason->count; i++) {
        reason->numbers[i] = (int64_t)get_u64(at + 5 + 8 * i);
        if (reason->numbers[i] < -MAX_NUMBER || reason->numbers[i] > MAX_NUMBER)
            return false;
    }
    /* An earlier version stored characters that the link no longer takes. */
    reason_text(reason, (struct span){text, at[4]});
    return utf8_valid(text, at[4]) &&
           (reason->number != REASON_NONE || (reason->during == DURING_NONE && count == 5));
}

/* Keeps the slots but not the reason. */
static bool skip_earlier_reason(const uint8_t *at, uint32_t count)
{
    return count == 2u + at[0] + at[1];
}

static bool is_under_way(enum slot_state state)
{
    return state == SLOT_RECEIVING || state == SLOT_READY || state == SLOT_TRIAL;
}

bool slots_state_decode(struct slots_state *state, struct span record, uint32_t slot_bytes)
{
    const bool earlier = record.count >= SLOTS_REASON_AT + 2 && record.bytes[0] == EARLIER_FORMAT;
    if (record.count < SLOTS_REASON_AT + 2 || (!earlier && record.bytes[0] != SLOTS_FORMAT) ||
        record.bytes[1] > SLOTS_FAILURES)
        return false;
    struct slots_state read = {.highest = get_u32(record.bytes + HIGHEST_AT), .failed_count = record.bytes[1]};
    for (uint32_t i = 0; i < read.failed_count; i++)
        read.failed[i] = get_u32(record.bytes + FAILED_AT + 4 * i);
    for (uint32_t i = 0; i < 2; i++) {
        if (!decode_slot(&read.slot[i], record.bytes + SLOTS_AT + SLOTS_SLOT_BYTES * i, slot_bytes))
            return false;
    }
    const uint8_t *reason = record.bytes + SLOTS_REASON_AT;
    const uint32_t reason_bytes = record.count - SLOTS_REASON_AT;
    if (earlier ? !skip_earlier_reason(reason, reason_bytes) : !decode_reason(&read.reason, reason, reason_bytes))
        return false;
    /* Anything that the fields do not cover shows as a different encoding. */
    uint8_t again[SLOTS_STATE_BYTES];
    slots_state_encode(&read, again);
    if (memcmp(again + 1, record.bytes + 1, SLOTS_REASON_AT - 1) != 0)
        return false;
    enum slot_state a = read.slot[0].state, b = read.slot[1].state;
    if ((a == b && (a == SLOT_CONFIRMED || a == SLOT_FAILED)) || (is_under_way(a) && is_under_way(b)))
        return false;
    *state = read;
    return true;
}

int slots_state_find(const struct slots_state *state, enum slot_state wanted)
{
    for (int slot = 0; slot < 2; slot++) {
        if (state->slot[slot].state == wanted)
            return slot;
    }
    return SLOT_NONE;
}

void slots_state_confirm(struct slots_state *state, int slot)
{
    struct slot_record *record = &state->slot[slot];
    record->state = SLOT_CONFIRMED;
    record->booted = false;
    memset(&state->slot[1 - slot], 0, sizeof state->slot[0]);
    memset(&state->reason, 0, sizeof state->reason);
    if (record->sequence > state->highest)
        state->highest = record->sequence;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->failed_count; i++) {
        if (state->failed[i] > state->highest)
            state->failed[kept++] = state->failed[i];
    }
    state->failed_count = kept;
}

/* Insert it first. Of nine the lowest is dropped, so that dropped sequences are below the remaining ones. */
static void remember_failed(struct slots_state *state, uint32_t sequence)
{
    uint32_t all[SLOTS_FAILURES + 1];
    uint32_t count = state->failed_count + 1;
    all[0] = sequence;
    memcpy(all + 1, state->failed, state->failed_count * sizeof all[0]);
    uint32_t lowest = 0;
    for (uint32_t i = 1; i < count; i++) {
        if (all[i] < all[lowest])
            lowest = i;
    }
    state->failed_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (count <= SLOTS_FAILURES || i != lowest)
            state->failed[state->failed_count++] = all[i];
    }
}

void slots_state_fail(struct slots_state *state, int slot, const struct reason *reason)
{
    struct slot_record *record = &state->slot[slot];
    remember_failed(state, record->sequence);
    record->state = SLOT_FAILED;
    record->booted = false;
    state->reason = *reason;
}

void slots_state_change(struct slots_state *state, int slot, const struct slot_record *record)
{
    state->slot[slot] = *record;
    if (slots_state_find(state, SLOT_FAILED) == SLOT_NONE)
        memset(&state->reason, 0, sizeof state->reason);
}
