/* The storage of a node: three parts of one flash. The TypeScript twin is host/device/node/storage.ts. */
#include "storage.h"

#include <string.h>

#include "base/bytes.h"

static const uint8_t BOOT[] = {'b', 'o', 'o', 't'};
static const uint8_t FAULTS[] = {'f', 'a', 'u', 'l', 't', 's'};
/* One value holds the whole configuration, so that it changes atomically. */
static const uint8_t CONFIG[] = {'c', 'o', 'n', 'f', 'i', 'g'};

static uint32_t read_u32(const struct kv *kv, const uint8_t *key, size_t key_len)
{
    struct span value;
    return kv_get(kv, key, key_len, &value) && value.count == 4 ? get_u32(value.bytes) : 0;
}

bool storage_open(struct storage *storage, const struct flash *flash, const struct storage_layout *layout,
                  struct reason *why)
{
    uint32_t pages = flash->size / flash->page;
    uint32_t agent_pages = layout->agent_pages, module_pages = layout->module_pages;
    if (agent_pages >= pages || module_pages >= pages - agent_pages)
        return refuse(why, REASON_STORES_FIT);
    const struct flash_region whole = {.flash = flash, .size = flash->size};
    const uint32_t first = (agent_pages + module_pages) * flash->page;
    const struct flash_region agent = region_part(&whole, 0, agent_pages * flash->page);
    const struct flash_region module = region_part(&whole, agent.size, module_pages * flash->page);
    const struct flash_region slots = region_part(&whole, first, flash->size - first);
    if (!kv_open(&storage->agent, &agent) || !kv_open(&storage->module, &module))
        return refuse(why, REASON_STORES_PAGES);
    if (!slots_open(&storage->slots, &slots, &layout->slots, why))
        return false;
    storage->changes = (struct budget){0};
    storage->boot = read_u32(&storage->agent, BOOT, sizeof BOOT) + 1;
    uint8_t count[4];
    put_u32(count, storage->boot);
    switch (kv_set(&storage->agent, BOOT, sizeof BOOT, count, sizeof count)) {
    case KV_OK:
        return true;
    case KV_FULL:
        return refuse(why, REASON_STORE_FULL);
    default:
        return refuse(why, REASON_FLASH_START);
    }
}

uint32_t storage_faults(const struct storage *storage)
{
    return read_u32(&storage->agent, FAULTS, sizeof FAULTS);
}

enum kv_result storage_save_faults(struct storage *storage, uint32_t faults)
{
    uint8_t count[4];
    if (faults == 0)
        return kv_delete(&storage->agent, FAULTS, sizeof FAULTS);
    put_u32(count, faults);
    return kv_set(&storage->agent, FAULTS, sizeof FAULTS, count, sizeof count);
}

bool storage_config(const struct storage *storage, struct span *message)
{
    return kv_get(&storage->agent, CONFIG, sizeof CONFIG, message);
}

uint32_t storage_used_with_config(const struct storage *storage, uint32_t count)
{
    const struct kv *kv = &storage->agent;
    struct span old;
    const uint32_t head = 2 + sizeof CONFIG;
    const uint32_t stored =
        kv_get(kv, CONFIG, sizeof CONFIG, &old) ? journal_stored_bytes(&kv->journal, head + old.count) : 0;
    return kv->used - stored + journal_stored_bytes(&kv->journal, head + count);
}

enum kv_result storage_save_config(struct storage *storage, const uint8_t *message, size_t count)
{
    return kv_set(&storage->agent, CONFIG, sizeof CONFIG, message, count);
}

static bool is_config(const struct storage *storage, struct span message)
{
    struct span stored;
    return storage_config(storage, &stored) && spans_equal(stored, message);
}

uint64_t storage_change_wait_us(const struct storage *storage, struct span message, uint64_t now_us)
{
    return is_config(storage, message) ? 0 : budget_wait_us(&storage->changes, NODE_DAY_CONFIGS, now_us);
}

enum kv_result storage_change_config(struct storage *storage, struct span message, uint64_t now_us)
{
    if (is_config(storage, message))
        return KV_OK;
    const enum kv_result result = storage_save_config(storage, message.bytes, message.count);
    if (result == KV_OK)
        budget_spend(&storage->changes, NODE_DAY_CONFIGS, now_us);
    return result;
}
