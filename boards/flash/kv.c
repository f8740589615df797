/* The key-value store. The last record of a key counts. */
#include "kv.h"

#include <string.h>

#include "base/utf8.h"

struct entry {
    uint8_t operation;
    struct span key;
    struct span value;
};

/* Returns false for a record that this version would not have written. */
static bool parse(struct span record, struct entry *entry)
{
    if (record.count < 2 || record.bytes[1] < 1 || record.bytes[1] > ABI_MAX_NAME ||
        record.count < 2u + record.bytes[1])
        return false;
    entry->operation = record.bytes[0];
    entry->key = (struct span){record.bytes + 2, record.bytes[1]};
    entry->value = (struct span){entry->key.bytes + entry->key.count, record.count - 2 - entry->key.count};
    if (!utf8_valid(entry->key.bytes, entry->key.count))
        return false;
    return entry->operation == KV_SET ? entry->value.count <= ABI_MAX_VALUE
                                   : entry->operation == KV_DELETE && entry->value.count == 0;
}

/* Finds the next record of the key behind `*at`. */
static bool next_of_key(const struct kv *kv, uint32_t *at, struct span key, struct entry *entry)
{
    struct span record;
    while (journal_next(&kv->journal, at, &record)) {
        if (record.count >= 2 + key.count && spans_equal((struct span){record.bytes + 2, record.bytes[1]}, key) &&
            parse(record, entry))
            return true;
    }
    return false;
}

bool kv_next(const struct kv *kv, uint32_t *at, struct span *key, struct span *value)
{
    struct span record;
    struct entry entry, later;
    while (journal_next(&kv->journal, at, &record)) {
        uint32_t behind = *at;
        if (!parse(record, &entry) || entry.operation != KV_SET || next_of_key(kv, &behind, entry.key, &later))
            continue;
        *key = entry.key;
        *value = entry.value;
        return true;
    }
    return false;
}

static bool find(const struct kv *kv, struct span key, struct span *value)
{
    struct entry entry;
    bool found = false;
    for (uint32_t at = 0; next_of_key(kv, &at, key, &entry);) {
        found = entry.operation == KV_SET;
        *value = entry.value;
    }
    return found;
}

static uint32_t stored_bytes(const struct kv *kv, struct span key, struct span value)
{
    return journal_stored_bytes(&kv->journal, 2 + key.count + value.count);
}

bool kv_open(struct kv *kv, const struct flash_region *region)
{
    kv->used = 0;
    if (!journal_open(&kv->journal, region, JOURNAL_KV))
        return false;
    struct span key, value;
    for (uint32_t at = 0; kv_next(kv, &at, &key, &value);)
        kv->used += stored_bytes(kv, key, value);
    return true;
}

uint32_t kv_capacity(const struct kv *kv)
{
    /* Even a store at its limit can append this much between two erases, so that not every change erases a page. */
    return journal_capacity(&kv->journal) * 3 / 4;
}

/*
 * Appends a change of a key. If there is no room, it moves everything that lives to the other bank, without deleted
 * keys.
 */
static bool change_key(struct kv *kv, struct span key, uint8_t operation, struct span value)
{
    const uint8_t start[2] = {operation, (uint8_t)key.count};
    const struct span change[3] = {{start, sizeof start}, key, value};
    if (journal_has_room(&kv->journal, 2 + key.count + value.count))
        return journal_append(&kv->journal, change, 3);
    struct journal_move move;
    struct span other_key, other_value;
    journal_begin(&kv->journal, &move);
    for (uint32_t at = 0; kv_next(kv, &at, &other_key, &other_value);) {
        const uint8_t head[2] = {KV_SET, (uint8_t)other_key.count};
        const struct span live[3] = {{head, sizeof head}, other_key, other_value};
        if (!spans_equal(other_key, key))
            journal_put(&move, live, 3);
    }
    if (operation == KV_SET)
        journal_put(&move, change, 3);
    return journal_finish(&move);
}

bool kv_get(const struct kv *kv, const uint8_t *key, size_t key_len, struct span *value)
{
    return key_len <= ABI_MAX_NAME && find(kv, (struct span){key, (uint32_t)key_len}, value);
}

enum kv_result kv_set(struct kv *kv, const uint8_t *key, size_t key_len, const uint8_t *value, size_t count)
{
    if (key_len < 1 || key_len > ABI_MAX_NAME || !utf8_valid(key, key_len))
        return KV_BAD_KEY;
    if (count > ABI_MAX_VALUE)
        return KV_BAD_VALUE;
    const struct span name = {key, (uint32_t)key_len};
    const struct span next = {value, (uint32_t)count};
    struct span old;
    uint32_t used = kv->used + stored_bytes(kv, name, next);
    if (find(kv, name, &old)) {
        if (spans_equal(old, next))
            return KV_OK;
        used -= stored_bytes(kv, name, old);
    }
    if (used > kv_capacity(kv))
        return KV_FULL;
    if (!change_key(kv, name, KV_SET, next))
        return KV_FLASH;
    kv->used = used;
    return KV_OK;
}

enum kv_result kv_delete(struct kv *kv, const uint8_t *key, size_t key_len)
{
    struct span old;
    if (!kv_get(kv, key, key_len, &old))
        return KV_NOT_FOUND;
    const struct span name = {key, (uint32_t)key_len};
    uint32_t used = kv->used - stored_bytes(kv, name, old);
    if (!change_key(kv, name, KV_DELETE, (struct span){NULL, 0}))
        return KV_FLASH;
    kv->used = used;
    return KV_OK;
}
